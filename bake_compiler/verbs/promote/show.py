"""A promotion as JSON."""

from typing import Literal

from typing_extensions import TypedDict

from bake_compiler.release_file import ReleaseFile
from bake_compiler.verbs.promote.result import Promoted


class PromotedTagDocument(TypedDict):
    """One new tag."""

    tag: str
    """The whole reference."""
    digest: str
    """The digest that it names, or would name."""
    before: str | None
    """The digest that it named before; null if there was no such tag."""


class PromotionDocument(TypedDict):
    """A release under other tags."""

    schema: Literal["bakec.promotion/1"]
    release: str
    """The promotion's id: `bakec rollback` takes it."""
    run: str
    """The run that built the images."""
    tag: str
    """The tag that the release had before."""
    dry_run: bool
    """Whether nothing was moved."""
    tags: list[PromotedTagDocument]
    """All new tags."""


def promotion_document(release: ReleaseFile, promoted: Promoted, name: str, *, dry_run: bool) -> PromotionDocument:
    """A promotion as plain dicts and lists; `name` is its id, which `bakec rollback` takes."""
    return {
        "schema": "bakec.promotion/1",
        "release": name,
        "run": release.run,
        "tag": release.tag,
        "dry_run": dry_run,
        "tags": [
            {
                "tag": str(move.tag),
                "digest": str(move.to.digest),
                "before": str(move.old.digest) if move.old else None,
            }
            for move in promoted.moves
        ],
    }
