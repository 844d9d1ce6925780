"""`machine`: programs or libraries for another machine than the platform's."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from bake_compiler.layers.binary import Binary
from bake_compiler.layers.elf import Elf
from bake_compiler.layers.machines import is_foreign
from bake_compiler.layers.pe import Pe
from bake_compiler.oci.platform import Platform
from bake_compiler.verify.binaries.deep import Deep
from bake_compiler.verify.binaries.paths import some, unmeant
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise

CODE = "machine"


def check_machine(promise: Promise, deep: Deep) -> tuple[Finding, ...]:
    """One finding if files in the image are for another machine.

    Another word size or byte order is another machine too.
    """
    paths: dict[str, list[str]] = defaultdict(list)
    for path, file in deep.tree.programs():
        if machine := foreign_machine(file.binary, deep.platform):
            paths[machine].append(path)
    left = {machine: unmeant(promise, deep, found) for machine, found in paths.items()}
    if not any(left.values()):
        return ()
    message = f"it has programs or libraries for other machines: {by_machine(left)}"
    hint = "a FROM, COPY --from or download with a fixed platform? if they are meant, name their paths in `foreign`"
    return (Finding(promise.image, deep.platform, CODE, message, hint),)


def foreign_machine(binary: Binary | None, platform: Platform) -> str:
    """The machine of a program or library, if it has the platform's format and can't run there.

    Otherwise an empty text.
    """
    match binary:
        case Elf(machine=machine) if platform.os != "windows" and is_foreign(machine, platform):
            return machine
        case Pe(machine=machine, managed=False) if platform.os == "windows" and is_foreign(machine, platform):
            return machine
        case _:
            return ""


def by_machine(paths: Mapping[str, Sequence[str]]) -> str:
    """How many files there are for each machine, and the first of them, as text."""
    return "; ".join(f"{len(found)} for {machine} ({some(found)})" for machine, found in sorted(paths.items()) if found)
