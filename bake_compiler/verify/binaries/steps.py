"""Files that a program needs and that do not run.

They are an error if the image starts the program, and a warning if the program is on PATH.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from bake_compiler.layers.binary import Binary
from bake_compiler.layers.elf import Elf
from bake_compiler.layers.mach_o import MachO
from bake_compiler.layers.machines import is_foreign
from bake_compiler.layers.pe import Pe
from bake_compiler.layers.script import Script
from bake_compiler.layers.start import Role, StartStep, needs, search_path, start
from bake_compiler.verify.binaries.deep import Deep
from bake_compiler.verify.binaries.paths import some, spelled, unmeant
from bake_compiler.verify.finding import Finding, Severity
from bake_compiler.verify.promise import Promise

_SHOWN = 3
# A distribution's packages contain scripts for interpreters that the packages only suggest.
_OF_PACKAGES = frozenset({"/bin", "/sbin", "/usr/bin", "/usr/sbin"})


def check_steps(promise: Promise, deep: Deep, role: Role, code: str, hint: str) -> tuple[Finding, ...]:
    """Return at most one error and one warning about the files of this role: interpreters or loaders."""
    if deep.is_windows:
        return ()
    steps = start(deep.config.config, deep.tree)
    started = [f"{spelled(step.path)}: {complaint}" for step, complaint in _complaints(steps, deep, role)]
    others = _others(promise, deep, role, {step.path for step in steps})
    findings = []
    if started:
        message = f"what it starts does not run: {'; '.join(started)}"
        findings.append(Finding(promise.image, deep.platform, code, message, hint))
    if others:
        message = f"{sum(map(len, others.values()))} of the programs on its search path do not run: {_listed(others)}"
        findings.append(Finding(promise.image, deep.platform, code, message, hint, Severity.WARNING))
    return tuple(findings)


def fault_of(step: StartStep, deep: Deep) -> str:
    """Why a file can't be run. Empty if bakec knows of no reason."""
    match step.binary:
        case None:
            return step.fault or ""
        case Elf(machine=machine) if is_foreign(machine, deep.platform) or _is_of_another(machine, step):
            return f"is for {machine}"
        case Pe():
            return "is a program for Windows"
        case MachO():
            return "is a program for macOS"
        case _:
            return ""


def _listed(others: Mapping[str, Sequence[str]]) -> str:
    most = sorted(others.items(), key=lambda item: (-len(item[1]), item[0]))[:_SHOWN]
    return "; ".join(f"{some(paths)}: {complaint}" for complaint, paths in most)


def _is_of_another(machine: str, loader: StartStep) -> bool:
    by = loader.needed_by.binary if loader.needed_by else None
    return loader.role is Role.LOADER and isinstance(by, Elf) and by.machine != machine


def _complaints(steps: Iterable[StartStep], deep: Deep, role: Role) -> Iterator[tuple[StartStep, str]]:
    """Yield each file that needs a broken file of this role, and the reason.

    A file that is broken itself is left out.
    """
    for step in steps:
        by = step.needed_by
        if step.role is role and by and not fault_of(by, deep) and (fault := fault_of(step, deep)):
            yield by, f"{step.role} {spelled(step.name)} {fault}"
        if role is Role.INTERPRETER and isinstance(step.binary, Script) and step.binary.flaw:
            yield step, step.binary.flaw


def _others(promise: Promise, deep: Deep, role: Role, known: set[str]) -> dict[str, list[str]]:
    """Return reason → programs that do not run, for the folders that the image adds to the search path."""
    alike: dict[Binary | None, str] = {}
    found: dict[str, set[str]] = {}
    own = (each for each in search_path(deep.config.config) if each.rstrip("/") not in _OF_PACKAGES)
    for directory in dict.fromkeys(deep.tree.follow(each).path for each in own):
        for path, file in deep.tree.listing(directory):
            if not file.executable or path in known:
                continue
            if file.binary not in alike:
                steps = needs(path, deep.config.config, deep.tree)
                alike[file.binary] = next((complaint for _, complaint in _complaints(steps, deep, role)), "")
            if alike[file.binary]:
                found.setdefault(alike[file.binary], set()).add(path)
    left = {complaint: unmeant(promise, deep, paths) for complaint, paths in found.items()}
    return {complaint: paths for complaint, paths in left.items() if paths}
