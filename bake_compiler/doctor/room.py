"""Room on the disk of an engine that runs on this machine."""

import os
from pathlib import Path

from bake_compiler.doctor.check import Check, bad, good, unknown
from bake_compiler.errors import PreflightError
from bake_compiler.preflight import Tools

LEAST_BYTES = 2_000_000_000
LEAST_FILES = 0.02  # of all inodes
_UNPACKED = 4  # times the bytes that a registry stores: unpacked, and beside it what a build leaves in its cache
_MEND = "see `docker buildx du`, make room with `docker buildx prune`"


async def check_room(tools: Tools, stored: int) -> Check:
    """Bytes and inodes of the engine's disk against what the last run made.

    Args:
        tools: to ask the engine where it keeps its things.
        stored: bytes of the last run's images as a registry stores them; 0 where nobody knows.
    """
    if not tools.is_local:
        return unknown("disk", "the engine is on another machine")
    try:
        status, folder = await tools.output("docker", "info", "--format", "{{.DockerRootDir}}")
        told = os.statvfs(Path(folder.strip())) if not status else None
    except (PreflightError, OSError):
        told = None
    if told is None:
        return unknown("disk", "the engine's disk can't be looked at from here")
    free, needed = told.f_bavail * told.f_frsize, max(LEAST_BYTES, _UNPACKED * stored)
    found = f"{free / 1e9:.1f} GB free, of which a build may need {needed / 1e9:.1f}"
    if free < needed:
        return bad("disk", found, _MEND)
    if told.f_files and told.f_favail < told.f_files * LEAST_FILES:
        return bad("disk", f"{told.f_favail} of {told.f_files} inodes free", _MEND)
    return good("disk", found)
