"""The base images of a run, looked up by the builder before anything is built.

It tells what their names stand for where the builder looks: through its mirrors, with its credentials. And it is what
lets concurrent builds share their work: BuildKit runs a step again when the base below it was fetched in a build that
still goes on (moby/buildkit#4674, moby/buildkit#6954), and not when the base was there before.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress

from bake_compiler.buildx import BakeRun, Progress, bases_command, bases_file
from bake_compiler.errors import PreflightError
from bake_compiler.journal import write_whole
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.plan.origins import Base
from bake_compiler.process import Runner

LONGEST = 60.0
"""Seconds after which a build goes ahead without: it asks again itself, and tells what is wrong."""

_FROM = re.compile(r"FROM (\S+)@(sha256:[0-9a-f]{64})")


async def look_up(
    runner: Runner, run: BakeRun, bases: Mapping[Base, frozenset[Platform]]
) -> Mapping[Base, frozenset[str]]:
    """Base → what its name stands for now: one digest, or more where platforms differ in it.

    Those that were not found are left out, and so are all others when one of them is not there.

    Args:
        runner: runs buildx.
        run: what its processes share.
        bases: each with the platforms that it is wanted for.
    """
    if not bases:
        return {}
    progress, asked = Progress(), sorted(bases)
    file = run.metadata / "bases.json"

    def on_line(line: str) -> None:
        progress.read(line)

    with suppress(OSError, PreflightError, TimeoutError):
        write_whole(run.root / file, bases_file([_target(base, bases[base]) for base in asked]))
        async with asyncio.timeout(LONGEST):
            await runner(bases_command(run, str(file)), on_line)
    return _found(asked, progress)


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
