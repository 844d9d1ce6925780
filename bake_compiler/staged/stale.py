"""Decides which content tags of a repository can be removed. This module removes nothing."""

import calendar
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bake_compiler.oci.digest import Digest

PREFIX = "staged-"
PROBE = f"{PREFIX}probe-"

_TIMED = re.compile(rf"{PREFIX}(?:probe-)?([0-9]{{8}}T[0-9]{{6}})-[0-9a-f]+")
_LATEST_ZONE = 12 * 3600  # no time zone is more than 12 hours behind UTC


class TagFate(StrEnum):
    """What bakec does with a content tag."""

    STAYS = "stays"
    GOES = "goes"
    TAG_ALONE = "tag-alone"


@dataclass(frozen=True)
class Held:
    """A tag, its digest, and all digests that its manifest needs: children of an index at any depth, or a subject."""

    tag: str
    digest: Digest
    needs: frozenset[Digest] = frozenset()

    @property
    def is_staged(self) -> bool:
        """Whether the tag is a content tag, which bakec made."""
        return self.tag.startswith(PREFIX)


@dataclass(frozen=True)
class RepositoryFacts:
    """What is known of a repository besides its tags.

    Attributes:
        used: (tag, digest) → seconds since the epoch when it was last made or used. A missing entry means unknown.
        own: the public tags that the project publishes in this repository.
        kept: tag → why the tag stays at any age.
        pinned: digest → why the manifest stays under any tag: it is part of a release, or it has a signature.
    """

    used: Mapping[tuple[str, Digest], float] = field(default_factory=dict)
    own: frozenset[str] = frozenset()
    kept: Mapping[str, str] = field(default_factory=dict)
    pinned: Mapping[Digest, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Judgement:
    """The decision about one content tag.

    Attributes:
        held: the tag.
        fate: remove the tag and its manifest, remove the tag alone, or keep both.
        why: why the tag stays, or which tag needs the manifest; empty if the tag and the manifest are removed.
        used: seconds since the epoch when the tag was last made or used; None if unknown.
    """

    held: Held
    fate: TagFate
    why: str = ""
    used: float | None = None


def judge_tags(tags: Sequence[Held], known: RepositoryFacts, before: float) -> tuple[Judgement, ...]:
    """Decide about each content tag.

    Tags come before the manifests they depend on, so no remaining tag ever points to something missing.

    Args:
        tags: all tags of the repository.
        known: what else is known of the repository.
        before: seconds since the epoch; a tag that was used later stays.
    """
    stays = {held: why for held in tags if held.is_staged and (why := _why(held, tags, known, before))}
    needed = _needed(held for held in tags if held in stays or not held.is_staged)
    staged = sorted((held for held in tags if held.is_staged), key=lambda held: (-len(held.needs), held.tag))
    return tuple(_judged(held, stays.get(held, ""), needed, known) for held in staged)


def named_at(tag: str) -> float | None:
    """Return the latest time that a content tag's name can mean, in seconds since the epoch; None if it has no time.

    The name has the local time of the machine that built, and the time zone is unknown.
    """
    match = _TIMED.fullmatch(tag)
    try:
        return calendar.timegm(time.strptime(match[1], "%Y%m%dT%H%M%S")) + _LATEST_ZONE if match else None
    except ValueError:
        return None


def _why(held: Held, tags: Sequence[Held], known: RepositoryFacts, before: float) -> str:
    """Return why a content tag stays, apart from other tags that need its manifest; empty if it can be removed."""
    if published := next((each.tag for each in tags if each.tag in known.own and each.digest == held.digest), ""):
        return f"{published} names it: the next build asks for it"
    if held.tag in known.kept or held.digest in known.pinned:
        return known.kept.get(held.tag) or known.pinned[held.digest]
    said = f"{held.digest.algorithm}-{held.digest.encoded[:64]}"  # cosign; a list of referrers (distribution-spec v1.1)
    if about := next((each.tag for each in tags if each.tag.startswith(said)), ""):
        return f"{about} is about it"
    used = known.used.get((held.tag, held.digest))
    if used is None:
        return "its age is not known"
    return "" if used < before else "it was used since"


def _judged(held: Held, why: str, needed: Mapping[Digest, str], known: RepositoryFacts) -> Judgement:
    used = known.used.get((held.tag, held.digest))
    if why:
        return Judgement(held, TagFate.STAYS, why, used)
    if held.digest in needed:
        return Judgement(held, TagFate.TAG_ALONE, needed[held.digest], used)
    return Judgement(held, TagFate.GOES, used=used)


def _needed(others: Iterable[Held]) -> Mapping[Digest, str]:
    """Return digest → why it is needed, for all digests that these tags name or need."""
    ordered = sorted(others, key=lambda held: (held.is_staged, held.tag))
    found: dict[Digest, str] = {}
    for held in ordered:
        found.setdefault(held.digest, f"{held.tag} names it too")
    for held in ordered:
        for digest in held.needs:
            found.setdefault(digest, f"{held.tag} needs it")
    return found
