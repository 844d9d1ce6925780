"""Which public tags are to move, from what to what, and in which order."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from bake_compiler.errors import NotFoundError, VerificationError
from bake_compiler.oci.architecture import without_architecture
from bake_compiler.oci.manifest import INDEXES
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import RawManifest
from bake_compiler.registry import Registry


@dataclass(frozen=True)
class Move:
    """One public tag, the manifest that it is to name, and the one that it names now (None: no such tag)."""

    tag: Reference
    to: RawManifest
    old: RawManifest | None

    @property
    def is_none(self) -> bool:
        """Whether the tag names already what it is to name."""
        return self.old is not None and self.old.digest == self.to.digest


async def plan_moves(
    registry: Registry, wanted: Sequence[tuple[Reference, RawManifest]], protect: Sequence[str] = ()
) -> tuple[Move, ...]:
    """Read what each public tag names now, so that a failed release can be put back.

    Args:
        registry: where the tags are.
        wanted: each tag, and what it is to name.
        protect: patterns of tags that never move once they exist.

    Raises:
        RegistryError: the registry did not say.
        VerificationError: a protected tag names something else.
    """
    olds = await asyncio.gather(*(current(registry, tag) for tag, _ in wanted))
    moves = tuple(Move(tag, to, old) for (tag, to), old in zip(wanted, olds, strict=True))
    for move in moves:
        if move.old is not None and not move.is_none and is_protected(move.tag.tag, protect):
            raise protected_error(move.tag, move.old)
    return moves


def is_protected(tag: str, protect: Sequence[str]) -> bool:
    """Whether a tag must not move once it exists; `*`, `?` and `[…]` in a pattern are as in a shell."""
    return any(fnmatchcase(tag, pattern) for pattern in protect)


def protected_error(tag: Reference, old: RawManifest) -> VerificationError:
    """Says that a protected tag exists, and what it names."""
    return VerificationError(
        f"{tag} is protected and names {old.digest}", hint="give another --tag: a protected one never moves"
    )


def is_moving(tag: str) -> bool:
    """Whether people follow a tag, such as latest, stable or edge: it begins with latest, or names no number.

    The tag of one platform is as the one that it was made from.
    """
    return tag.startswith("latest") or not re.search(r"[0-9]", without_architecture(tag))


def in_classes(moves: Sequence[Move]) -> Iterator[tuple[Move, ...]]:
    """Version tags first, so that whoever follows a moving tag finds all of its release; moving tags last.

    Among both, single platforms come before the indexes that list them, never at the same time: distribution 2 refuses
    an index (DIGEST_INVALID) while one of its manifests is just being written under a tag of its own.
    """
    for moving in (False, True):
        for whole in (False, True):
            yield tuple(
                move for move in moves if is_moving(move.tag.tag) is moving and (move.to.media_type in INDEXES) is whole
            )


async def current(registry: Registry, tag: Reference) -> RawManifest | None:
    """What a tag names now; None if there is no such tag.

    Raises:
        RegistryError: the registry did not say.
    """
    try:
        return await registry.manifest(tag)
    except NotFoundError:
        return None
