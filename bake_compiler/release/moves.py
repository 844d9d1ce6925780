"""Plans which public tags move, from which manifest to which, and in which order."""

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
    """One public tag: the manifest that it will name, and the manifest that it names now (None: no such tag)."""

    tag: Reference
    to: RawManifest
    old: RawManifest | None

    @property
    def is_none(self) -> bool:
        """Whether the tag already names the new manifest."""
        return self.old is not None and self.old.digest == self.to.digest


async def plan_moves(
    registry: Registry, wanted: Sequence[tuple[Reference, RawManifest]], protect: Sequence[str] = ()
) -> tuple[Move, ...]:
    """Read what each public tag names now, so that a failed release can be undone.

    Args:
        registry: the registry client.
        wanted: each tag with the manifest that it will name.
        protect: patterns of tags that never move once they exist.

    Raises:
        RegistryError: the registry did not answer the question.
        VerificationError: a protected tag names another manifest.
    """
    olds = await asyncio.gather(*(current(registry, tag) for tag, _ in wanted))
    moves = tuple(Move(tag, to, old) for (tag, to), old in zip(wanted, olds, strict=True))
    for move in moves:
        if move.old is not None and not move.is_none and is_protected(move.tag.tag, protect):
            raise protected_error(move.tag, move.old)
    return moves


def is_protected(tag: str, protect: Sequence[str]) -> bool:
    """Whether a tag must not move once it exists. `*`, `?` and `[…]` in a pattern mean what they mean in a shell."""
    return any(fnmatchcase(tag, pattern) for pattern in protect)


def protected_error(tag: Reference, old: RawManifest) -> VerificationError:
    """Return the error for a protected tag, with the digest that the tag names."""
    return VerificationError(
        f"{tag} is protected and names {old.digest}", hint="give another --tag: a protected one never moves"
    )


def is_moving(tag: str) -> bool:
    """Whether a tag is one that people follow, such as latest, stable or edge.

    Such a tag begins with `latest` or has no digit. A tag of one platform counts as the tag without its platform.
    """
    return tag.startswith("latest") or not re.search(r"[0-9]", without_architecture(tag))


def in_classes(moves: Sequence[Move]) -> Iterator[tuple[Move, ...]]:
    """Return the moves in classes, in the order of writing: version tags first, tags that people follow last.

    So a person who follows `latest` finds the whole release. In both groups, tags of one platform come before the
    indexes that list them. Distribution 2 refuses an index (DIGEST_INVALID) while one of its manifests is being
    written under a tag of its own.
    """
    for moving in (False, True):
        for whole in (False, True):
            yield tuple(
                move for move in moves if is_moving(move.tag.tag) is moving and (move.to.media_type in INDEXES) is whole
            )


async def current(registry: Registry, tag: Reference) -> RawManifest | None:
    """Return the manifest that a tag names now; None if there is no such tag.

    Raises:
        RegistryError: the registry did not answer the question.
    """
    try:
        return await registry.manifest(tag)
    except NotFoundError:
        return None
