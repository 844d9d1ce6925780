"""The journal of a release. The whole plan is on the disk before the first tag moves.

    .bakec/releases/20261124T193000-1a2b3c.jsonl

The first line has every tag that is to move, and the bytes of every manifest, old and new. A registry may delete a
manifest that no tag names. Each later line records what was begun, moved or ended. Only the registry knows what the
tags name now.
"""

import base64
import binascii
import errno
import fcntl
import json
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bake_compiler.errors import BakecError, UsageError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import RawManifest
from bake_compiler.project.root import own_folder
from bake_compiler.release.moves import Move
from bake_compiler.system.journal import read_journal

RELEASES = Path(".bakec/releases")
SCHEMA = "bakec.moves/1"
LAST = "last"
FINISHED, ROLLED_BACK = "finished", "rolled back"
_NONE_MOVED = "what the tags name can't be kept, so none is moved"
_MEANT = {
    "begun": _NONE_MOVED,
    FINISHED: "all tags have moved, but the journal does not say so",
    ROLLED_BACK: "all tags are put back, but the journal does not say so",
}
_LOCK = ".lock"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True)
class Release:
    """A release, as its journal records it.

    Attributes:
        id: the release's name; its journal has the same name.
        began: seconds since the epoch.
        moves: each tag with its old and its new manifest.
        ended: `finished`, `rolled back`, or empty if the release was interrupted or still runs.
    """

    id: str
    began: float
    moves: tuple[Move, ...]
    ended: str = ""


@dataclass(frozen=True)
class Log:
    """Adds lines to the journal of a release. The project's lock is held meanwhile."""

    file: int

    def add(self, does: str, tag: Reference | None = None, *, keep: bool = False) -> None:
        """Record one step.

        Args:
            does: `begun`, `moved`, `put back`, `finished` or `rolled back`.
            tag: the tag that was moved or put back.
            keep: return only when the line is on the disk.

        Raises:
            BakecError: the line can't be written, and `keep` is set.
        """
        entry = {"at": round(time.time(), 3), "does": does, **({"tag": str(tag)} if tag else {})}
        try:
            self.write(entry, before="\n" if keep else "")  # a line that was cut short must not spoil this one
            if keep:
                os.fsync(self.file)
        except OSError as error:
            if keep:  # the other lines are only for a reader: the registry knows what the tags name
                raise _unwritable(error, _MEANT[does]) from error

    def write(self, entry: Mapping[str, Any], before: str = "") -> None:
        """Add a line in a single write.

        Raises:
            OSError: the line can't be written, or only a part of it.
        """
        line = f"{before}{json.dumps(entry, separators=(',', ':'))}\n".encode()
        if os.write(self.file, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextmanager
def begun(root: Path, release_id: str, moves: Sequence[Move]) -> Iterator[Log]:
    """Write the journal of a new release, with its whole plan, and return it when it is on the disk.

    Raises:
        BakecError: the journal can't be written.
        UsageError: a release of this name exists, or another bakec is moving tags of this project.
    """
    path = _path(root, release_id)
    with alone(root):
        try:
            file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o644)
        except FileExistsError as error:
            raise UsageError(
                f"release {release_id} has begun before", hint=f"see `bakec release status {release_id}`"
            ) from error
        except OSError as error:
            raise _unwritable(error) from error
        try:
            try:
                Log(file).write(_intent(release_id, moves))
                os.fsync(file)
                _flush_folder(path.parent)
            except OSError as error:
                path.unlink(missing_ok=True)
                raise _unwritable(error) from error
            yield Log(file)
        finally:
            os.close(file)


@contextmanager
def reopened(root: Path, release: Release) -> Iterator[Log]:
    """Open the journal of an earlier release, to add lines.

    Raises:
        BakecError: the journal can't be written.
        UsageError: another bakec is moving tags of this project.
    """
    with alone(root):
        try:
            file = os.open(_path(root, release.id), os.O_WRONLY | os.O_APPEND)
        except OSError as error:
            raise _unwritable(error) from error
        try:
            yield Log(file)
        finally:
            os.close(file)


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Hold the project's lock: only one bakec moves tags of a project at a time.

    The system releases the lock when the process ends, also after a kill.

    Raises:
        BakecError: the folder of the journals can't be written to.
        UsageError: another bakec is moving tags of this project.
    """
    folder = root / RELEASES
    try:
        own_folder(root)
        folder.mkdir(parents=True, exist_ok=True)
        file = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise _unwritable(error) from error
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(
                "another bakec moves tags of this project just now", hint="wait for its end: `bakec release status`"
            ) from error
        except OSError:  # not every file system has locks
            pass
        yield
    finally:
        os.close(file)


def release_ids(root: Path) -> tuple[str, ...]:
    """Return the ids of all releases that have a journal, the newest first."""
    found = [(release.began, release.id) for path in _journals(root) if (release := _read(path))]
    return tuple(name for _, name in sorted(found, reverse=True))


def read_release(root: Path, release: str = LAST) -> Release:
    """Read a release by its id, by the beginning of its id, or by `last`.

    Raises:
        UsageError: no release has this name, or more than one.
        BakecError: the journal can't be read.
    """
    if release in {LAST, ""}:
        known = release_ids(root)
        if not known:
            raise UsageError(
                "no release is kept here", hint="`bakec build` keeps each of its releases in .bakec/releases"
            )
        release = known[0]
    names = sorted((path.stem for path in _journals(root)), reverse=True)
    found = [name for name in names if name == release] or [name for name in names if name.startswith(release)]
    if len(found) != 1:
        said = f"more than one release begins with {release!r}" if found else f"no release is called {release!r}"
        hint = f"there are {', '.join((found or names)[:5])}" if found or names else "`bakec build` makes one"
        raise UsageError(said, hint=hint)
    read = _read(_path(root, found[0]))
    if read is None:
        raise BakecError(
            f"{RELEASES / found[0]}.jsonl can't be read",
            hint="if its first line is cut short, no tag was moved: tags move only after the whole line is on the disk",
        )
    return read


def _journals(root: Path) -> list[Path]:
    return list((root / RELEASES).glob("*.jsonl"))


def _path(root: Path, release_id: str) -> Path:
    if not _ID.fullmatch(release_id):
        raise UsageError(f"{release_id!r} is no name of a release", hint="use letters, digits and . _ -")
    return root / RELEASES / f"{release_id}.jsonl"


def _flush_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _unwritable(error: OSError, meant: str = _NONE_MOVED) -> BakecError:
    return BakecError(f"{RELEASES}: {error.strerror}: {meant}", hint="make room, or make the folder writable")


def _intent(release_id: str, moves: Sequence[Move]) -> dict[str, Any]:
    raws = {str(raw.digest): raw for move in moves for raw in (move.to, move.old) if raw}
    return {
        "schema": SCHEMA,
        "release": release_id,
        "began": round(time.time(), 6),
        "tags": [
            {"tag": str(move.tag), "new": str(move.to.digest), "old": str(move.old.digest) if move.old else None}
            for move in moves
        ],
        "manifests": {
            digest: {"media_type": raw.media_type, "base64": base64.b64encode(raw.content).decode()}
            for digest, raw in raws.items()
        },
    }


def _read(path: Path) -> Release | None:
    """Read a journal; None if its first line is incomplete, in which case no tag had moved."""
    entries = read_journal(path)
    if not entries or entries[0].get("schema") != SCHEMA:
        return None
    first, *others = entries
    try:
        raws = {digest: _raw(digest, kept) for digest, kept in first["manifests"].items()}
        moves = tuple(
            Move(Reference.parse(each["tag"]), raws[each["new"]], raws[each["old"]] if each["old"] else None)
            for each in first["tags"]
        )
        return Release(path.stem, float(first["began"]), moves, _ended(others))
    except (LookupError, TypeError, ValueError, AttributeError, binascii.Error):
        return None


def _raw(text: str, kept: Mapping[str, str]) -> RawManifest:
    digest, content = Digest.parse(text), base64.b64decode(kept["base64"], validate=True)
    if not digest.matches(content):
        raise ValueError(f"the bytes of {text} are not whole")
    return RawManifest(kept["media_type"], digest, content)


def _ended(entries: Iterable[Mapping[str, Any]]) -> str:
    ended = ""
    for entry in entries:
        if entry.get("does") in {FINISHED, ROLLED_BACK}:
            ended = str(entry["does"])
        elif entry.get("does") == "begun":
            ended = ""
    return ended
