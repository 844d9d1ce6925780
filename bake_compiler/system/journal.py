"""Journals: files of JSON lines that stay readable if the process is killed."""

import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from bake_compiler.errors import BakecError


class Journal:
    """A file of JSON lines, each written at once. The file is locked while the process that writes it is alive.

    Attributes:
        trouble: why entries are missing; empty if all entries were written.
    """

    def __init__(self, path: Path) -> None:
        """Begin a journal, and make its folder if it is missing.

        Raises:
            BakecError: the journal can't be written.
        """
        self.trouble, self._torn = "", False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        except OSError as error:
            message = f"{path}: {error.strerror}: bakec can't write the state of the run"
            raise BakecError(message, hint="free some space, or make the folder writable") from error
        with suppress(OSError):  # some file systems have no locks
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def write(self, entry: Mapping[str, Any]) -> None:
        """Add an entry. If the disk is full, the entry is lost and the run goes on."""
        line = f"{json.dumps(entry, separators=(',', ':'))}\n".encode()
        whole = b"\n" + line if self._torn else line  # a torn line must not spoil this entry
        try:
            written = os.write(self._file, whole)
        except OSError as error:
            self.trouble = str(error.strerror)
            return
        self._torn = written < len(whole) if written else self._torn
        if written < len(whole):
            self.trouble = "the disk is full"

    def close(self) -> None:
        """Close the file, which releases its lock."""
        os.close(self._file)


def read_journal(path: Path) -> list[dict[str, Any]]:
    """Return all complete entries. A kill or a full disk can leave an incomplete entry; such an entry is left out."""
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
    """Whether the process that writes the journal is alive."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
