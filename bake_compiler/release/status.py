"""The state of a release: for each tag, whether it names the old manifest, the new one, or another one."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum

from bake_compiler.oci.digest import Digest
from bake_compiler.registry import Registry
from bake_compiler.release.journal import ROLLED_BACK, Release
from bake_compiler.release.moves import Move, current


class Names(StrEnum):
    """Which manifest a tag names."""

    OLD = "old"
    NEW = "new"
    OTHER = "other"


class ReleaseState(StrEnum):
    """The state of a release, by its tags."""

    NOT_BEGUN = "not begun"
    MOVED = "moved"
    TORN = "torn"
    FINISHED = "finished"
    ROLLED_BACK = "rolled back"
    TAKEN = "taken by someone else"


@dataclass(frozen=True)
class TagState:
    """One tag of a release, and the digest that the tag names now (None: no such tag)."""

    move: Move
    now: Digest | None

    @property
    def names(self) -> Names:
        """Whether the tag names the new digest, the old digest, or one that this release does not know."""
        if self.now == self.move.to.digest:
            return Names.NEW
        old = self.move.old.digest if self.move.old else None
        return Names.OLD if self.now == old else Names.OTHER

    @property
    def is_back(self) -> bool:
        """Whether the tag is as a rollback leaves it. A tag that this release created stays."""
        return self.names is Names.OLD or self.move.is_none or self.stays

    @property
    def stays(self) -> bool:
        """Whether this release created the tag. A rollback does not remove such a tag."""
        return self.names is Names.NEW and self.move.old is None


@dataclass(frozen=True)
class ReleaseStatus:
    """A release, and what the registry answered about its tags."""

    release: Release
    tags: tuple[TagState, ...]

    @property
    def state(self) -> ReleaseState:
        """The state of the release. If registry and journal disagree, the registry counts."""
        moved = [tag for tag in self.tags if not tag.move.is_none]
        if self.taken:
            return ReleaseState.TAKEN
        if self.release.ended == ROLLED_BACK and all(tag.is_back for tag in moved):
            return ReleaseState.ROLLED_BACK
        if all(tag.names is Names.NEW for tag in moved):
            return ReleaseState.FINISHED if self.release.ended else ReleaseState.MOVED
        if all(tag.names is Names.OLD for tag in moved):
            return ReleaseState.ROLLED_BACK if self.release.ended else ReleaseState.NOT_BEGUN
        return ReleaseState.TORN

    @property
    def taken(self) -> tuple[TagState, ...]:
        """The tags that name neither the old nor the new digest: someone else moved them."""
        return tuple(tag for tag in self.tags if tag.names is Names.OTHER)

    @property
    def is_whole(self) -> bool:
        """Whether all tags name the new images, or all tags name the old images."""
        return self.state not in {ReleaseState.TORN, ReleaseState.TAKEN}


async def status_of(registry: Registry, release: Release) -> ReleaseStatus:
    """Ask the registry what each tag of a release names now.

    Raises:
        RegistryError: the registry did not answer the question.
    """
    found = await asyncio.gather(*(current(registry, move.tag) for move in release.moves))
    return ReleaseStatus(
        release,
        tuple(TagState(move, raw.digest if raw else None) for move, raw in zip(release.moves, found, strict=True)),
    )
