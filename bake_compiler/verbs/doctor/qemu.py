"""Versions of QEMU with known faults: they crash now and then, with any Dockerfile."""

import re
from typing import NamedTuple, TypeAlias

Version: TypeAlias = tuple[int, int]


class _Fault(NamedTuple):
    """A known fault, and its range of versions, without the last one."""

    since: Version
    before: Version
    what: str
    source: str


_FAULTS = (
    _Fault((0, 0), (5, 1), "libc-bin crashes when it is set up", "docker/buildx#314"),
    _Fault((5, 1), (6, 0), "small static arm64 programs crash", "docker/buildx#542"),
    _Fault((8, 1), (10, 0), "libc-bin and Node crash now and then on arm64", "tonistiigi/binfmt#215, #240, #245"),
    _Fault((10, 1), (10, 2), "libc-bin of Ubuntu 22.04 crashes on arm64", "tonistiigi/binfmt#298"),
)


def version_of(text: str) -> Version | None:
    """Return the version that `qemu-aarch64 --version` prints: `qemu-aarch64 version 8.2.2 (Debian …)`."""
    match = re.search(r"version (\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else None


def known_fault(version: Version) -> str:
    """Return the known fault of a version with its source; empty if there is none."""
    return next((f"{fault.what} ({fault.source})" for fault in _FAULTS if fault.since <= version < fault.before), "")
