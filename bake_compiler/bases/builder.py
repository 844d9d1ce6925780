"""Asks the builder for the base images of a run, before anything is built.

There are three reasons:

- The builder knows which digests their names mean for it: it uses its own mirrors and credentials.
- Concurrent builds can share their work. BuildKit runs a step again if the base below it was fetched in a build that
  is still running (moby/buildkit#4674, moby/buildkit#6954). A base that was there before has no such effect.
- If a base is missing, or has no image for a wanted platform, the run ends before bakec builds other images for an
  hour.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from bake_compiler.bases.registry import RegistryBase, platform_words, see
from bake_compiler.buildx import BakeRun, Failure, Progress, bases_command, bases_file
from bake_compiler.errors import PreflightError, RegistryError
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.plan.origins import BUILDER, Base
from bake_compiler.plan.pins import reference_of
from bake_compiler.registry import Registry
from bake_compiler.system.files import write_whole
from bake_compiler.system.process import Runner

LONGEST = 60.0
"""Seconds, after which a build continues without an answer: it asks for the bases itself, and reports what is wrong."""

_ASKING = 1.0  # seconds

_FROM = re.compile(r"FROM (\S+)@(sha256:[0-9a-f]{64})")
_FAILED = re.compile(r"ERROR: target base-(\d+): ")
_ABSENT = frozenset({"no-such-manifest", "no-match-for-platform"})


@dataclass(frozen=True)
class LookedUp:
    """What a builder knows about base images.

    Attributes:
        digests: base → the digests that its name means now: one, or several if platforms differ. Bases for which the
            builder did not answer are left out.
        absent: base → the builder's error: there is no such image, or none for a platform that is wanted.
    """

    digests: Mapping[Base, frozenset[str]]
    absent: Mapping[Base, Failure]


async def look_up(runner: Runner, run: BakeRun, bases: Mapping[Base, frozenset[Platform]]) -> LookedUp:
    """Ask a builder for base images.

    One bake process asks for all of them. A missing base ends that process, so a new process asks for the others, until
    all are known.

    Args:
        runner: runs buildx.
        run: the settings that all bake processes of this run share.
        bases: each base, with the platforms for which it is wanted.
    """
    asked, progress = sorted(bases), Progress()
    absent: dict[Base, Failure] = {}
    with suppress(OSError, PreflightError, TimeoutError):
        async with asyncio.timeout(LONGEST):
            while asked:
                progress = Progress()
                number, failure = await _ask(runner, run, [_target(base, bases[base]) for base in asked], progress)
                if failure is None or failure.fault not in _ABSENT or number >= len(asked):
                    break
                absent[asked.pop(number)] = failure
    return LookedUp(_found(asked, progress), absent)


async def _ask(
    runner: Runner, run: BakeRun, targets: Sequence[tuple[str, str, Sequence[str]]], progress: Progress
) -> tuple[int, Failure | None]:
    """Run one bake process. Return the number of the target that failed, and the failure; None if no target failed."""
    file, failed = run.metadata / "bases.json", 0

    def on_line(line: str) -> None:
        nonlocal failed
        progress.read(line)
        if found := _FAILED.match(line):
            failed = int(found[1])

    write_whole(run.root / file, bases_file(targets))
    status = await runner(bases_command(run, str(file)), on_line)
    return failed, progress.failure(status, "") if status else None


async def ask_registries(registry: Registry, bases: Iterable[Base]) -> Mapping[str, RegistryBase]:
    """Return name → what its registry has, for the registries that answer within a second. Others are left out."""
    references = {base.name: reference for base in bases if (reference := reference_of(base))}
    seen = await asyncio.gather(*(_see(registry, reference) for reference in references.values()))
    return {name: each for name, each in zip(references, seen, strict=True) if each}


async def _see(registry: Registry, reference: Reference) -> RegistryBase | None:
    with suppress(TimeoutError, RegistryError):
        async with asyncio.timeout(_ASKING):
            return await see(registry, reference)
    return None


def why_not(base: Base, platforms: frozenset[Platform], failure: Failure | None, seen: RegistryBase | None) -> str:
    """Why nothing can be built from a base, in words. Empty if bakec knows of no reason.

    The most frequent reason is a name that means one platform's manifest: BuildKit then takes it for every platform.

    Args:
        base: the base.
        platforms: the platforms for which the base is wanted.
        failure: the builder's error, if it could not get the base.
        seen: what the base's registry has.
    """
    lacking = seen.lacks(platforms) if seen else ()
    if failure and failure.fault != "no-match-for-platform":
        return f"there is no image {base.name}"
    if seen and lacking and (failure or not seen.is_index):
        return platform_words(base.name, seen, lacking)
    if not failure:
        return ""
    missing = base.platform or str(failure.platform or "") or f"all of {_listed(platforms)}"
    has = f", but for {_listed(seen.platforms)}" if seen and seen.platforms else ""
    return f"{base.name} is not made for {missing}{has}"


def known_of(uses: Sequence[Base], seen: RegistryBase | None) -> str:
    """What is known about a base from which images can be built, as one line of text.

    Args:
        uses: uses of one name, each for the wanted platforms or for one platform.
        seen: what the base's registry has.
    """
    kind = "an index of" if seen and seen.is_index else "the one manifest of"
    words = [f"{kind} {_listed(seen.platforms)}" if seen else "there; its registry did not say what it is"]
    if all(base.platform for base in uses):
        places = ("the build platform" if base.platform == BUILDER else base.platform for base in uses)
        words.append(f"only for {', '.join(places)}")
    words += ["its tag floats"] if uses[0].floats else []
    return f"{uses[0].name}: {'; '.join(words)}"


def _listed(platforms: Iterable[Platform]) -> str:
    return ", ".join(map(str, sorted(platforms)))


def _target(base: Base, platforms: frozenset[Platform]) -> tuple[str, str, Sequence[str]]:
    return base.name, base.platform, () if base.platform else tuple(map(str, sorted(platforms)))


def _found(asked: Sequence[Base], progress: Progress) -> Mapping[Base, frozenset[str]]:
    """Match by name, not by target: if two targets take the same image, BuildKit names one of the targets for both."""
    found: dict[str, frozenset[str]] = {}
    for step in progress.steps:
        name = _FROM.fullmatch(step.name)
        if name and step.ended and not step.error:
            found[_whole(name[1])] = found.get(_whole(name[1]), frozenset()) | {name[2]}
    return {base: found[_whole(base.name)] for base in asked if _whole(base.name) in found}


def _whole(name: str) -> str:
    """The name in the full form that BuildKit uses, without its digest."""
    try:
        reference = Reference.parse(name)
    except ValueError:
        return name
    return str(reference.tagged(reference.tag or "latest"))
