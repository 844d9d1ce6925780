"""The result of `bakec clean`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bake_compiler.errors import RegistryError
from bake_compiler.staged import TagFate

_DAY = 86_400.0


@dataclass(frozen=True)
class Tidied:
    """A candidate for removal: a content tag, or the journal of a release.

    Attributes:
        name: the whole reference of the tag, or the release.
        fate: what will happen to it.
        why: the reason why it stays; for a tag that can only go alone, who needs its manifest.
        used: seconds since the epoch of its last use; None if nobody knows.
        digest: the digest to which a tag points.
        removed: whether it has been removed.
    """

    name: str
    fate: TagFate
    why: str = ""
    used: float | None = None
    digest: str = ""
    removed: bool = False


@dataclass(frozen=True)
class Cleaned:
    """What can be removed, or was removed.

    Attributes:
        deleted: whether bakec was asked to remove.
        staged: content tags, by repository.
        journals: of releases, newest first.
        errors: repository → the error of its registry.
    """

    deleted: bool
    staged: tuple[Tidied, ...] = ()
    journals: tuple[Tidied, ...] = ()
    errors: Mapping[str, RegistryError] = field(default_factory=dict)
