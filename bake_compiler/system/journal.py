"""The edge to a run's folder: entries that a kill leaves whole, and files that are there entirely or not at all."""

import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from bake_compiler.errors import BakecError


class Journal:
    """A file of JSON lines, each written at once; locked while its writer lives, however that ends.

    Attributes:
        trouble: why entries are missing; empty while none are.
    """

    def __init__(self, path: Path) -> None:
        """Begin a journal; its folder is made.

        Raises:
            BakecError: it can't be written.
        """
        self.trouble, self._torn = "", False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        except OSError as error:
            message = f"{path}: {error.strerror}: the state of the run can't be kept"
            raise BakecError(message, hint="make room, or make the folder writable") from error
        with suppress(OSError):  # not every file system has locks
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def write(self, entry: Mapping[str, Any]) -> None:
        """Add an entry; a full disk costs entries, not the run."""
        line = f"{json.dumps(entry, separators=(',', ':'))}\n".encode()
        whole = b"\n" + line if self._torn else line  # what was cut short must not spoil the next one
        try:
            written = os.write(self._file, whole)
        except OSError as error:
            self.trouble = str(error.strerror)
            return
        self._torn = written < len(whole) if written else self._torn
        if written < len(whole):
            self.trouble = "the disk is full"

    def close(self) -> None:
        """Let it go."""
        os.close(self._file)


def read_journal(path: Path) -> list[dict[str, Any]]:
    """The entries; one that was cut short, as a kill or a full disk may leave it, is left out."""
    entries = []
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return []
    for line in lines:
        with suppress(ValueError):
            entry = json.loads(line)
            if isinstance(entry, dict):
                entries.append(entry)
    return entries


def is_written(path: Path) -> bool:
    """Whether the journal's writer lives."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
