"""Which staged tags of a repository can go: decided from what is known of it, touching nothing."""

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
_LATEST_ZONE = 12 * 3600  # no clock is further behind UTC


class TagFate(StrEnum):
    """What is to become of a staged tag."""

    STAYS = "stays"
    GOES = "goes"
    TAG_ALONE = "tag-alone"


@dataclass(frozen=True)
class Held:
    """A tag, the digest that it names, and all digests that this one needs: children at any depth, or a subject."""

    tag: str
    digest: Digest
    needs: frozenset[Digest] = frozenset()

    @property
    def is_staged(self) -> bool:
        """Whether bakec made it to push an image under."""
        return self.tag.startswith(PREFIX)


@dataclass(frozen=True)
class RepositoryFacts:
    """What is known of a repository beside its tags.

    Attributes:
        used: tag and digest → seconds since the epoch when it was last made or used; not there: nobody knows.
        own: the public tags that the project publishes there.
        kept: tag → why it stays, however old it is.
        pinned: digest → why it stays, under whatever tag: a release has it, a signature is about it.
    """

    used: Mapping[tuple[str, Digest], float] = field(default_factory=dict)
    own: frozenset[str] = frozenset()
    kept: Mapping[str, str] = field(default_factory=dict)
    pinned: Mapping[Digest, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Judgement:
    """What is to become of a staged tag.

    Attributes:
        held: the tag.
        fate: it goes with its manifest, only the tag may go, or it stays.
        why: it stays, or who needs its manifest; empty when it goes.
        used: seconds since the epoch when it was last made or used; None: nobody knows.
    """

    held: Held
    fate: TagFate
    why: str = ""
    used: float | None = None


def judge_tags(tags: Sequence[Held], known: RepositoryFacts, before: float) -> tuple[Judgement, ...]:
    """What is to become of each staged tag; what needs others comes before them, so that none is ever without.

    Args:
        tags: all tags of the repository.
        known: what else is known.
        before: seconds since the epoch; what was last used later stays.
    """
    stays = {held: why for held in tags if held.is_staged and (why := _why(held, tags, known, before))}
    needed = _needed(held for held in tags if held in stays or not held.is_staged)
    staged = sorted((held for held in tags if held.is_staged), key=lambda held: (-len(held.needs), held.tag))
    return tuple(_judged(held, stays.get(held, ""), needed, known) for held in staged)


def named_at(tag: str) -> float | None:
    """The latest moment, in seconds since the epoch, that the name of a staged tag can mean; None: it has no time.

    The name has the clock of whoever built, in a time zone that nobody knows.
    """
    match = _TIMED.fullmatch(tag)
    try:
        return calendar.timegm(time.strptime(match[1], "%Y%m%dT%H%M%S")) + _LATEST_ZONE if match else None
    except ValueError:
        return None


def _why(held: Held, tags: Sequence[Held], known: RepositoryFacts, before: float) -> str:
    """Why a staged tag stays, whoever else needs its manifest; empty when it need not."""
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
    """Digest → the tag that needs it, of all that these tags name and need."""
    ordered = sorted(others, key=lambda held: (held.is_staged, held.tag))
    found: dict[Digest, str] = {}
    for held in ordered:
        found.setdefault(held.digest, f"{held.tag} names it too")
    for held in ordered:
        for digest in held.needs:
            found.setdefault(digest, f"{held.tag} needs it")
    return found
