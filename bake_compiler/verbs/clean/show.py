"""What `bakec clean` did, as JSON and as text."""

from collections.abc import Iterator, Sequence
from typing import Literal

from typing_extensions import TypedDict

from bake_compiler.staged import TagFate
from bake_compiler.verbs.clean.result import _DAY, Cleaned, Tidied
from bake_compiler.words import counted


class TidiedDocument(TypedDict):
    """A candidate for removal."""

    fate: TagFate
    """`goes`; `tag-alone`: only the tag may go, because something else needs the manifest; `stays`."""
    removed: bool
    """Whether it was removed."""
    why: str
    """Why it stays, or who needs the manifest; empty if it goes."""
    last_used: float | None
    """Seconds since the epoch of its last use; null if nobody knows."""


class StagedDocument(TidiedDocument):
    """An image under its content tag."""

    tag: str
    """The whole reference."""
    digest: str
    """The digest that the tag names."""


class JournalDocument(TidiedDocument):
    """The journal of a release."""

    release: str
    """The release's id."""


class CleanErrorDocument(TypedDict):
    """An error of a registry."""

    repository: str
    """The repository."""
    message: str
    """What is wrong."""
    hint: str
    """What to do about it; may be empty."""


class CleanDocument(TypedDict):
    """What can be removed, or was removed."""

    schema: Literal["bakec.clean/1"]
    deleted: bool
    """Whether bakec was asked to remove (`--delete`)."""
    staged: list[StagedDocument]
    """Images under their content tags, by repository."""
    journals: list[JournalDocument]
    """Journals of releases, the newest first."""
    errors: list[CleanErrorDocument]
    """One for each repository that could not be read or cleaned."""


def cleaned_document(cleaned: Cleaned) -> CleanDocument:
    """Return the result as plain dicts and lists."""
    return {
        "schema": "bakec.clean/1",
        "deleted": cleaned.deleted,
        "staged": [{"tag": each.name, "digest": each.digest, **_document(each)} for each in cleaned.staged],
        "journals": [{"release": each.name, **_document(each)} for each in cleaned.journals],
        "errors": [
            {"repository": name, "message": error.message, "hint": error.hint} for name, error in cleaned.errors.items()
        ],
    }


def render_cleaned(cleaned: Cleaned, now: float) -> str:
    """Return the result for a person: a line for each candidate with its last use and reason, then the counts."""
    lines = [line for each in (cleaned.staged, cleaned.journals) for line in _lines(each, now, cleaned.deleted)]
    lines += [_summary(what, each, cleaned.deleted) for what, each in _kinds(cleaned)]
    if not cleaned.deleted and any(each.fate is not TagFate.STAYS for each in (*cleaned.staged, *cleaned.journals)):
        lines.append("nothing was removed: --delete does it")
    return "".join(f"{line}\n" for line in lines)


def _document(tidied: Tidied) -> TidiedDocument:
    return {"fate": tidied.fate, "removed": tidied.removed, "why": tidied.why, "last_used": tidied.used}


def _kinds(cleaned: Cleaned) -> Iterator[tuple[str, Sequence[Tidied]]]:
    yield "content tag", cleaned.staged
    if cleaned.journals:
        yield "journal", cleaned.journals


def _lines(things: Sequence[Tidied], now: float, deleted: bool) -> Iterator[str]:
    width = max((len(each.name) for each in things), default=0)
    for each in things:
        age = f"{(now - each.used) / _DAY:.1f} d" if each.used is not None else "?"
        yield f"{_word(each, deleted):11}  {each.name:{width}}  {age:>7}  {each.why}".rstrip()


def _word(tidied: Tidied, deleted: bool) -> str:
    if tidied.removed:
        return "removed"
    if tidied.fate is TagFate.STAYS:
        return "stays"
    if deleted:
        return "not removed"
    return "would go" if tidied.fate is TagFate.GOES else "may go"


def _summary(what: str, things: Sequence[Tidied], deleted: bool) -> str:
    words = [_word(each, deleted) for each in things]
    counts = {word: words.count(word) for word in ("removed", "would go", "may go", "not removed", "stays")}
    told = ", ".join(f"{count} {_plural(word, count)}" for word, count in counts.items() if count)
    return f"{counted(len(things), what)}{f': {told}' if told else ''}"


def _plural(word: str, count: int) -> str:
    return "stay" if word == "stays" and count > 1 else word
