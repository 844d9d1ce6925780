"""The base images of a run, looked up by the builder before anything is built.

It tells what their names stand for where the builder looks: through its mirrors, with its credentials. And it is what
lets concurrent builds share their work: BuildKit runs a step again when the base below it was fetched in a build that
still goes on (moby/buildkit#4674, moby/buildkit#6954), and not when the base was there before. And a base that is not
there, or not for a wanted platform, ends a run before an hour is spent on others.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from bake_compiler.buildx import BakeRun, Failure, Progress, bases_command, bases_file
from bake_compiler.errors import PreflightError
from bake_compiler.journal import write_whole
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.pipeline.inputs import Made
from bake_compiler.plan.origins import Base
from bake_compiler.process import Runner
from bake_compiler.registry import Registry, fetch_snapshot

LONGEST = 60.0
"""Seconds after which a build goes ahead without: it asks again itself, and tells what is wrong."""

_ASKING = 1.0  # seconds

_FROM = re.compile(r"FROM (\S+)@(sha256:[0-9a-f]{64})")
_FAILED = re.compile(r"ERROR: target base-(\d+): ")
_ABSENT = frozenset({"no-such-manifest", "no-match-for-platform"})


@dataclass(frozen=True)
class LookedUp:
    """What a builder knows of base images.

    Attributes:
        digests: base → what its name stands for now: one digest, or more where platforms differ in it. Those of which
            the builder did not say are left out.
        absent: base → the builder's words: there is no such image, or not for a platform that it is wanted for.
    """

    digests: Mapping[Base, frozenset[str]]
    absent: Mapping[Base, Failure]


async def look_up(runner: Runner, run: BakeRun, bases: Mapping[Base, frozenset[Platform]]) -> LookedUp:
    """Ask a builder for base images.

    One that is not there ends the process that asked for all; so another one asks for the others, until all is known.

    Args:
        runner: runs buildx.
        run: what its processes share.
        bases: each with the platforms that it is wanted for.
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
    """One bake process; which target failed, and why."""
    file, failed = run.metadata / "bases.json", 0

    def on_line(line: str) -> None:
        nonlocal failed
        progress.read(line)
        if found := _FAILED.match(line):
            failed = int(found[1])

    write_whole(run.root / file, bases_file(targets))
    status = await runner(bases_command(run, str(file)), on_line)
    return failed, progress.failure(status, "") if status else None


async def absent_bases(
    registry: Registry, bases: Mapping[Base, frozenset[Platform]], made: Mapping[str, Made], found: LookedUp
) -> tuple[str, ...]:
    """Each image and the place where it takes a base that is not there, in words.

    Args:
        registry: is asked for the platforms that a base has.
        bases: each with the platforms that it is wanted for.
        made: image → what it is made from.
        found: what the builder said.
    """
    words = await asyncio.gather(*(_told(registry, each, bases[each], found.absent[each]) for each in found.absent))
    return tuple(
        f"{image}, {each.places[base]}: {said}"
        for base, said in zip(found.absent, words, strict=True)
        for image, each in made.items()
        if base in each.places
    )


async def _told(registry: Registry, base: Base, platforms: frozenset[Platform], failure: Failure) -> str:
    if failure.fault != "no-match-for-platform":
        return f"there is no image {base.name}"
    has = await _platforms_of(registry, base)
    named = base.platform or str(failure.platform or "")
    missing = _listed(platforms - has) if has and not base.platform else named or f"all of {_listed(platforms)}"
    return f"{base.name} is not made for {missing}" + (f", but for {_listed(has)}" if has else "")


def _listed(platforms: frozenset[Platform]) -> str:
    return ", ".join(map(str, sorted(platforms)))


async def _platforms_of(registry: Registry, base: Base) -> frozenset[Platform]:
    """As its registry says, where it can be asked; the builder may know it from elsewhere."""
    with suppress(ValueError, TimeoutError):
        async with asyncio.timeout(_ASKING):
            snapshot = await fetch_snapshot(registry, Reference.parse(base.name))
            return frozenset(child.platform for child in snapshot.images if child.platform)
    return frozenset()


def _target(base: Base, platforms: frozenset[Platform]) -> tuple[str, str, Sequence[str]]:
    return base.name, base.platform, () if base.platform else tuple(map(str, sorted(platforms)))


def _found(asked: Sequence[Base], progress: Progress) -> Mapping[Base, frozenset[str]]:
    """By name, and not by target: where two targets take the same image, BuildKit names one of them for both."""
    found: dict[str, frozenset[str]] = {}
    for step in progress.steps:
        name = _FROM.fullmatch(step.name)
        if name and step.ended and not step.error:
            found[_whole(name[1])] = found.get(_whole(name[1]), frozenset()) | {name[2]}
    return {base: found[_whole(base.name)] for base in asked if _whole(base.name) in found}


def _whole(name: str) -> str:
    """A name as BuildKit completes it, without its digest."""
    try:
        reference = Reference.parse(name)
    except ValueError:
        return name
    return str(reference.tagged(reference.tag or "latest"))
