"""Which processes are there. Linux only, as the tests of what bakec leaves behind."""

import os
import time
from collections.abc import Iterable
from pathlib import Path

_PATIENCE_SECONDS = 60.0


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and that nobody has fetched yet does not."""
    state, _ = _stat(pid)
    return state not in {"", "Z"}


def all_end(pids: Iterable[int]) -> bool:
    """Whether all of these end by themselves, given time; there must be some."""
    left, deadline = list(pids), time.monotonic() + _PATIENCE_SECONDS
    assert left
    while (left := [pid for pid in left if alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not left


def children_of(pid: int) -> list[int]:
    """The processes that this one started and that run."""
    pids = (int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit())
    return [child for child in pids if _stat(child)[1] == pid and alive(child)]


def own_children() -> list[int]:
    """Those of the test."""
    return children_of(os.getpid())


def _stat(pid: int) -> tuple[str, int]:
    """State and parent; empty where there is no such process. Source: proc_pid_stat(5)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return "", 0
    state, parent, *_ = text.rpartition(")")[2].split()
    return state, int(parent)
