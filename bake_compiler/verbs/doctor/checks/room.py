"""Room on the disk of an engine that runs on this machine, and memory for what is built at once."""

import os
from pathlib import Path

from bake_compiler.buildx.said import Machine, Said
from bake_compiler.buildx.tools import Tools
from bake_compiler.verbs.doctor.checks.check import Check, bad, good, note, unknown

LEAST_BYTES = 2_000_000_000
LEAST_FILES = 0.02  # of all inodes
_UNPACKED = 4  # times the bytes that a registry stores: unpacked, and beside it what a build leaves in its cache
_MEND = "see `docker buildx du`, make room with `docker buildx prune --all`"  # else it keeps what is on top of an image


def check_room(tools: Tools, said: Said, stored: int) -> Check:
    """Bytes and inodes of the engine's disk against what the last run made.

    Args:
        tools: how the engine is called.
        said: where it keeps its things.
        stored: bytes of the last run's images as a registry stores them; 0 where nobody knows.
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


def check_memory(machine: Machine, slots: int, each: int) -> Check:
    """Memory against the images that are built at once; too little makes a build slow before it ends it.

    Args:
        machine: what there is.
        slots: how many images are built at once.
        each: bytes that one is reckoned to need.
    """
    if not machine.memory:
        return unknown("memory", "the builder does not tell how much it has")
    fitting = max(1, machine.nodes * machine.memory // each)
    nodes = f"{machine.nodes} x " if machine.nodes > 1 else ""
    found = f"{nodes}{machine.memory / 1e9:.1f} GB, for {slots} images at once"
    return (
        note("memory", f"{found}, of which {fitting} fit", f"-j {fitting}")
        if slots > fitting
        else good("memory", found)
    )
