"""The result of `bakec lock`, as text and as JSON."""

from collections.abc import Collection, Iterator
from typing import Literal

from typing_extensions import TypedDict

from bake_compiler.document import ReasonDocument
from bake_compiler.model.lock_file import LOCK_FILE, Locked
from bake_compiler.verbs.lock.result import LockEntry, LockState


class UseDocument(TypedDict):
    """A place that uses a base."""

    image: str
    """The image's name."""
    component: str
    """The image's component."""
    at: str
    """The file and the line, from the project's root."""
    platforms: list[str]
    """The platforms that use the base; an empty list means only the build platform."""
    unpinned: str | None
    """Why no pin reaches this place; null if a pin does."""


class BaseDocument(TypedDict):
    """One base image."""

    name: str
    """The name in its short form, such as `debian:trixie-slim`."""
    state: LockState
    """The state of the base."""
    digest: str | None
    """The digest that the lock has now, or that the registry has; null if neither is known."""
    was: str | None
    """The digest that the lock had before; null if it had none."""
    platforms: list[str]
    """The platforms of the base."""
    index: bool | None
    """Whether the digest is an index; false for one platform's manifest; null if no registry was asked."""
    mirror: str | None
    """The mirror from which builds take the base; null if there is none."""
    resolved: str | None
    """The time when the registry returned the digest, in UTC; null if the base is not locked."""
    uses: list[UseDocument]
    """The places that use the base."""
    touches: dict[str, list[str]]
    """Image → platforms, for all images that are built from the base."""
    errors: list[ReasonDocument]
    """Why the base can't be used."""
    notes: list[str]
    """Hints for the author."""


class LockDocument(TypedDict):
    """The base images of the project, and their digests."""

    schema: Literal["bakec.lock/1"]
    file: str
    """The lock file, from the project's root."""
    written: bool
    """Whether the file was changed."""
    bases: list[BaseDocument]
    """The bases, sorted by name."""


def lock_document(entries: Collection[LockEntry], *, written: bool) -> LockDocument:
    """Return the bases as plain dicts and lists.

    Args:
        entries: the entries of the run.
        written: whether the file was changed.
    """
    return {
        "schema": "bakec.lock/1",
        "file": LOCK_FILE,
        "written": written,
        "bases": [_document(entry) for entry in entries],
    }


def _document(entry: LockEntry) -> BaseDocument:
    locked = entry.now or entry.was
    return {
        "name": entry.base.name,
        "state": entry.state,
        "digest": _digest(entry.now) or (str(entry.seen.digest) if entry.seen else None),
        "was": _digest(entry.was),
        "platforms": list(map(str, entry.seen.platforms if entry.seen else locked.platforms if locked else ())),
        "index": entry.seen.is_index if entry.seen else None,
        "mirror": (entry.now.mirror if entry.now else "") or None,
        "resolved": entry.now.resolved if entry.now else None,
        "uses": [
            {
                "image": use.image,
                "component": use.component,
                "at": use.place,
                "platforms": list(map(str, use.platforms)),
                "unpinned": use.unpinned or None,
            }
            for use in entry.base.uses
        ],
        "touches": {name: list(map(str, platforms)) for name, platforms in entry.touched.items()},
        "errors": [{"message": error.message, "hint": error.hint} for error in entry.errors],
        "notes": list(entry.notes),
    }


def _digest(locked: Locked | None) -> str | None:
    return str(locked.digest) if locked else None


def render_locked(entries: Collection[LockEntry]) -> str:
    """Return the result for a person: a line for each base, and below it the images that depend on it, and notes."""
    width = max((len(entry.base.name) for entry in entries), default=0)
    return "".join(f"{line}\n" for entry in entries for line in _lines(entry, width))


def _lines(entry: LockEntry, width: int) -> Iterator[str]:
    locked = entry.now or entry.was
    platforms = entry.seen.platforms if entry.seen else locked.platforms if locked else ()
    parts = (f"{entry.state:<8}", f"{entry.base.name:<{width}}", _digests(entry), ", ".join(map(str, platforms)))
    yield "  ".join(filter(None, parts)).rstrip()
    if entry.state is LockState.MOVED:
        yield f"{'':10}touches {'; '.join(_touched(entry))}"
    if entry.now and entry.now.mirror:
        yield f"{'':10}from {entry.now.mirror}"
    for note in entry.notes:
        yield f"{'':10}note: {note}"


def _digests(entry: LockEntry) -> str:
    now = entry.now.digest if entry.now else entry.seen.digest if entry.seen else None
    was = entry.was.digest if entry.was else None
    return " → ".join(f"{each.algorithm}:{each.short}" for each in dict.fromkeys((was, now)) if each)


def _touched(entry: LockEntry) -> Iterator[str]:
    for image, platforms in entry.touched.items():
        yield f"{image} ({', '.join(map(str, platforms))})"
