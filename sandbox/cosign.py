"""cosign, which signs images in tests: this machine's own, else one fetched as the engine is."""

import shutil
from pathlib import Path

from sandbox.archive import STABLE, TESTING, Archive
from sandbox.state import SandboxError, State, alone, link, say

_COSIGN = "usr/bin/cosign"


def program(state: State) -> Path:
    """The cosign to use; fetched, once, if the machine has none. Needs neither root nor an engine.

    Raises:
        SandboxError: there is none, and the archive is out of reach.
    """
    own = state.bin / "cosign"
    found = own if own.is_file() else shutil.which("cosign")
    if found:
        return Path(found)
    with alone(state):
        if not own.is_file():  # nor has another process fetched it meanwhile
            _fetch(Archive.of_machine(state), own)
    return own


def _fetch(archive: Archive, own: Path) -> None:
    say(f"fetching cosign from {archive.uri}")
    archive.update(frozenset({TESTING, STABLE}))
    try:
        cosign = archive.program("cosign", TESTING, _COSIGN)
    except SandboxError as error:
        say(f"{TESTING} can't be used ({error.message}): cosign is {STABLE}'s")
        cosign = archive.program("cosign", STABLE, _COSIGN)
    link(own, cosign)
