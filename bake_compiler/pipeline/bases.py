"""The base images of a run, looked up by the builder before anything is built.

It tells what their names stand for where the builder looks: through its mirrors, with its credentials. And it is what
lets concurrent builds share their work: BuildKit runs a step again when the base below it was fetched in a build that
still goes on (moby/buildkit#4674, moby/buildkit#6954), and not when the base was there before. And a base that is not
there, or not for a wanted platform, ends a run before an hour is spent on others.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from bake_compiler.buildx import BakeRun, Failure, Progress, bases_command, bases_file
from bake_compiler.errors import PreflightError, RegistryError
from bake_compiler.journal import write_whole
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.pipeline.inputs import Made
from bake_compiler.pipeline.seen import Seen, platform_words, see
from bake_compiler.plan.origins import Base
from bake_compiler.process import Runner
from bake_compiler.registry import Registry

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
    """Each image and the place where it takes a base that is not there, or is another platform's, in words.

    Args:
        registry: is asked for the platforms that a base has.
        bases: each with the platforms that it is wanted for.
        made: image → what it is made from.
        found: what the builder said.
    """
    absent = [_told(registry, base, bases[base], failure) for base, failure in found.absent.items()]
    pinned = [base for base in bases if "@" in base.name and not base.platform and base not in found.absent]
    words = await asyncio.gather(*absent, *(_narrow(registry, base, bases[base]) for base in pinned))
    return tuple(
        f"{image}, {each.places[base]}: {said}"
        for base, said in zip((*found.absent, *pinned), words, strict=True)
        if said
        for image, each in made.items()
        if base in each.places
    )


async def _told(registry: Registry, base: Base, platforms: frozenset[Platform], failure: Failure) -> str:
    if failure.fault != "no-match-for-platform":
        return f"there is no image {base.name}"
    seen = await _seen(registry, base)
    if seen and (lacking := () if base.platform else seen.lacks(platforms)):
        return platform_words(base.name, seen, lacking)
    missing = base.platform or str(failure.platform or "") or f"all of {_listed(platforms)}"
    has = f", but for {_listed(seen.platforms)}" if seen and seen.platforms else ""
    return f"{base.name} is not made for {missing}{has}"


async def _narrow(registry: Registry, base: Base, platforms: frozenset[Platform]) -> str:
    """The commonest wrong pin: the digest of one platform's manifest, which BuildKit takes for every platform."""
    seen = await _seen(registry, base)
    lacking = seen.lacks(platforms) if seen and not seen.is_index else ()
    return platform_words(base.name, seen, lacking) if seen and lacking else ""


def _listed(platforms: Iterable[Platform]) -> str:
    return ", ".join(map(str, sorted(platforms)))


async def _seen(registry: Registry, base: Base) -> Seen | None:
    """As its registry says, where it can be asked; the builder may know it from elsewhere."""
    with suppress(ValueError, TimeoutError, RegistryError):
        async with asyncio.timeout(_ASKING):
            return await see(registry, Reference.parse(base.name))
    return None


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
