"""The oldest buildx that is supported and the newest in the archive, as programs: they compile with no engine.

Run by itself, the plugin is a command: `docker-buildx-oldest bake --print`.
"""

import re

from sandbox.archive import STABLE, TESTING, Archive
from sandbox.state import SandboxError, State, alone, link, run_step, say

_PLUGIN = "usr/libexec/docker/cli-plugins/docker-buildx"
_PROGRAMS = {"BAKEC_BUILDX_OLDEST": "docker-buildx-oldest", "BAKEC_BUILDX_NEWEST": "docker-buildx-newest"}


def environment(state: State) -> dict[str, str]:
    """Where the programs are; empty unless both are there."""
    programs = {variable: state.bin / name for variable, name in _PROGRAMS.items()}
    there = all(program.is_file() for program in programs.values())
    return {variable: str(program) for variable, program in programs.items()} if there else {}


def fetch(state: State) -> None:
    """Unpack both, once; needs neither root nor an engine.

    Raises:
        SandboxError: the archive is out of reach.
    """
    if environment(state):
        return
    with alone(state):
        if not environment(state):  # nor has another process fetched them meanwhile
            _fetch(Archive.of_machine(state))


def _fetch(archive: Archive) -> None:
    say(f"fetching the oldest and the newest buildx from {archive.uri}")
    archive.update(frozenset({TESTING, STABLE}))
    oldest = newest = archive.program("docker-buildx", STABLE, _PLUGIN)
    try:
        newest = archive.program("docker-buildx", TESTING, _PLUGIN)
    except SandboxError as error:
        say(f"{TESTING} can't be used ({error.message}): the newest buildx is {STABLE}'s, the same as the oldest")
    for name, plugin in zip(_PROGRAMS.values(), (oldest, newest), strict=True):
        link(archive.state.bin / name, plugin)


def versions(state: State) -> str:
    """One line: which versions the programs are."""
    said = [run_step(state, "versions", [program, "version"]) for program in environment(state).values()]
    oldest, newest = (re.findall(r"docker/buildx v?([0-9.]+)", text)[0] for text in said)
    return f"buildx: oldest {oldest}, newest {newest}"
