"""What a cleaning found and did, as a document, and as a person reads it."""

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
        fate: what is to become of it.
        why: it stays, or who needs the manifest of a tag that can only go alone.
        used: seconds since the epoch when it was last made or used; None: nobody knows.
        digest: that a tag names.
        removed: it is gone.
    """

    name: str
    fate: TagFate
    why: str = ""
    used: float | None = None
    digest: str = ""
    removed: bool = False


@dataclass(frozen=True)
class Cleaned:
    """What can go, or has gone.

    Attributes:
        deleted: it was to be removed.
        staged: tags, by repository.
        journals: of releases, the newest first.
        errors: repository → what its registry did not say, or not do.
    """

    deleted: bool
    staged: tuple[Tidied, ...] = ()
    journals: tuple[Tidied, ...] = ()
    errors: Mapping[str, RegistryError] = field(default_factory=dict)
