"""The state of a release's tags, as JSON and as text; and the check of protected tags before a build."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Literal

from typing_extensions import TypedDict

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.reference import Reference
from bake_compiler.registry import Registry
from bake_compiler.release import Names, ReleaseState, ReleaseStatus, TagState, is_protected, protected_error
from bake_compiler.release.moves import current


class ReleasedTagDocument(TypedDict):
    """One tag of a release."""

    tag: str
    """The whole reference."""
    old: str | None
    """The digest that it named before the release; null if there was no such tag."""
    new: str
    """The digest that it is to name."""
    now: str | None
    """The digest that it names now; null if there is no such tag."""
    names: Names
    """Which of these it names now; `other` if someone else moved it."""
    stays: bool
    """Whether the release is rolled back and the tag is left, because it did not exist before."""


class ReleaseStatusDocument(TypedDict):
    """What became of the tags of a release."""

    schema: Literal["bakec.release-status/1"]
    release: str
    """The release's id."""
    began: float
    """Seconds since the epoch of the first move."""
    state: ReleaseState
    """What became of the release."""
    whole: bool
    """Whether all tags name the new images, or all name the old ones."""
    tags: list[ReleasedTagDocument]
    """All tags of the release."""


class PinsDocument(TypedDict):
    """The images of a release by digest, as text for the program that deploys them."""

    schema: Literal["bakec.pins/1"]
    format: str
    """The format of the text, as `--format` names it."""
    content: str
    """The text that `bakec release export` prints without `--json`."""


def pins_document(form: str, content: str) -> PinsDocument:
    """Pins as a document."""
    return {"schema": "bakec.pins/1", "format": form, "content": content}


async def refuse_protected(registry: Registry, tags: Mapping[Reference, Digest | None], protect: Sequence[str]) -> None:
    """Refuse a build that would move a protected tag. A protected tag that already names the image is fine.

    Args:
        registry: the registry client.
        tags: tag → the digest that it will name; None if only the build will show the digest.
        protect: patterns of tags that never move once they exist.

    Raises:
        VerificationError: the build would move a protected tag.
        RegistryError: the registry did not answer.
    """
    kept = [tag for tag in tags if is_protected(tag.tag, protect)]
    for tag, old in zip(kept, await asyncio.gather(*(current(registry, tag) for tag in kept)), strict=True):
        if old is not None and tags[tag] != old.digest:
            raise protected_error(tag, old)


def status_document(status: ReleaseStatus) -> ReleaseStatusDocument:
    """A release and its tags as plain dicts and lists."""
    return {
        "schema": "bakec.release-status/1",
        "release": status.release.id,
        "began": status.release.began,
        "state": status.state,
        "whole": status.is_whole,
        "tags": [
            {
                "tag": str(tag.move.tag),
                "old": _text(tag.move.old.digest if tag.move.old else None),
                "new": str(tag.move.to.digest),
                "now": _text(tag.now),
                "names": tag.names,
                "stays": status.state is ReleaseState.ROLLED_BACK and tag.stays,
            }
            for tag in status.tags
        ],
    }


def render_status(status: ReleaseStatus) -> str:
    """Return the text for a person: the state of the release, then each tag."""
    lines = [f"release {status.release.id}: {status.state}, {_counts(status)}"]
    rolled_back = status.state is ReleaseState.ROLLED_BACK
    lines += [f"  {tag.move.tag}: {_told(tag, stays=rolled_back and tag.stays)}" for tag in status.tags]
    if status.state in {ReleaseState.TORN, ReleaseState.NOT_BEGUN}:
        name = status.release.id
        lines.append(f"next: bakec release finish {name}, or bakec rollback {name}")
    return "\n".join(lines) + "\n"


def _counts(status: ReleaseStatus) -> str:
    total, new = len(status.tags), sum(tag.names is Names.NEW for tag in status.tags)
    taken = f", {len(status.taken)} another" if status.taken else ""
    return f"{new} of {total} tag{'' if total == 1 else 's'} name{'s' if new == 1 else ''} the new image{taken}"


def _told(tag: TagState, *, stays: bool) -> str:
    new, old = tag.move.to.digest.short, tag.move.old.digest.short if tag.move.old else ""
    if stays:
        return f"is new and stays: it names {new}"
    if tag.move.is_none and tag.names is Names.NEW:
        return f"names {new}, as before"
    match tag.names:
        case Names.NEW:
            return f"moved: {old or 'no such tag'} → {new}"
        case Names.OLD:
            return f"not moved: {f'names {old}' if old else 'no such tag yet'}; new: {new}"
        case Names.OTHER:
            now = tag.now.short if tag.now else "nothing"
            return f"taken: names {now}, neither {old or 'none'} (old) nor {new} (new)"


def _text(digest: Digest | None) -> str | None:
    return str(digest) if digest else None
