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


async def ask_registries(registry: Registry, bases: Iterable[Base]) -> Mapping[str, RegistryBase]:
    """Name → what its registry has, as far as that can be asked at once; the builder may know it from elsewhere."""
    references = {base.name: reference for base in bases if (reference := reference_of(base))}
    seen = await asyncio.gather(*(_see(registry, reference) for reference in references.values()))
    return {name: each for name, each in zip(references, seen, strict=True) if each}


async def _see(registry: Registry, reference: Reference) -> RegistryBase | None:
    with suppress(TimeoutError, RegistryError):
        async with asyncio.timeout(_ASKING):
            return await see(registry, reference)
    return None


def why_not(base: Base, platforms: frozenset[Platform], failure: Failure | None, seen: RegistryBase | None) -> str:
    """Why nothing can be built from a base, in words; empty when nothing is known against it.

    The commonest cause is a name that stands for one platform's manifest, which BuildKit takes for every platform.

    Args:
        base: which.
        platforms: that it is wanted for.
        failure: the builder's words, where it could not have it.
        seen: what its registry has.
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
    """What there is to know of a base that can be built from.

    Args:
        uses: of one name, for one platform or another.
        seen: what its registry has.
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
