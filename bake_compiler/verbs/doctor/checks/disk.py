"""Space on the disk of an engine that runs on this machine."""

import os
from pathlib import Path

from bake_compiler.buildx.said import Said
from bake_compiler.buildx.tools import Tools
from bake_compiler.errors import BakecError
from bake_compiler.runs.kept import stored_report
from bake_compiler.verbs.doctor.facts import Facts
from bake_compiler.verbs.doctor.result import CheckResult, bad, good, unknown

LEAST_BYTES = 2_000_000_000
LEAST_FILES = 0.02  # a part of all inodes
_UNPACKED = 4  # times the bytes that a registry stores: unpacked, and beside it what a build leaves in its cache
_MEND = "see `docker buildx du`, make room with `docker buildx prune --all`"  # else it keeps what is on top of an image


async def check_disk(facts: Facts) -> tuple[CheckResult, ...]:
    """Whether the engine's disk has enough space for the images of the last run."""
    return (judge_disk(facts.build.tools, await facts.said, _stored(facts.build.root)),)


def judge_disk(tools: Tools, said: Said, stored: int) -> CheckResult:
    """Compare the free bytes and inodes of the engine's disk with the size of the last run's images.

    Args:
        tools: how to call docker.
        said: the engine's answer, with the folder of its data.
        stored: bytes of the last run's images in the registry; 0 if unknown.
    """
    if not tools.is_local or not said.builder.facts.in_engine:
        return unknown("disk", "the builder's disk is on another machine")
    try:
        told = os.statvfs(Path(said.engine.folder or "/nowhere"))
    except OSError:
        return unknown("disk", "the engine's disk can't be looked at from here")
    free, needed = told.f_bavail * told.f_frsize, max(LEAST_BYTES, _UNPACKED * stored)
    found = f"{free / 1e9:.1f} GB free, of which a build may need {needed / 1e9:.1f}"
    if free < needed:
        return bad("disk", found, _MEND)
    if told.f_files and told.f_favail < told.f_files * LEAST_FILES:
        return bad("disk", f"{told.f_favail} of {told.f_files} inodes free", _MEND)
    return good("disk", found)


def _stored(root: Path) -> int:
    """Return the bytes of the last run's images; 0 if there was no run."""
    try:
        report = stored_report(root)
    except BakecError:
        return 0
    return sum(platform.size for image in report.images for platform in image.platforms)
