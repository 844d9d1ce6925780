"""What the benchmarks measure bakec against and an engine does not have: crane. Fetched by `./dev bench` alone."""

from sandbox.archive import STABLE, TESTING, Archive
from sandbox.state import SandboxError, State, alone, link, say

_CRANE = "usr/bin/crane"


def environment(state: State) -> dict[str, str]:
    """Where crane is; empty unless it is there."""
    crane = state.bin / "crane"
    return {"BAKEC_CRANE": str(crane)} if crane.is_file() else {}


def fetch(state: State) -> None:
    """Unpack crane, once: testing's, else stable's; needs neither root nor an engine.

    Raises:
        SandboxError: the archive is out of reach.
    """
    with alone(state):
        if not environment(state):
            _fetch(Archive.of_machine(state))


def _fetch(archive: Archive) -> None:
    say(f"fetching crane from {archive.uri}")
    archive.update(frozenset({TESTING, STABLE}))
    try:
        crane = archive.program("crane", TESTING, _CRANE)
    except SandboxError as error:
        say(f"{TESTING} can't be used ({error.message}): crane is {STABLE}'s")
        crane = archive.program("crane", STABLE, _CRANE)
    link(archive.state.bin / "crane", crane)
