"""What bakec lock found: one entry for each base image."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bake_compiler.bases.registry import RegistryBase
from bake_compiler.errors import BakecError
from bake_compiler.model.lock_file import Locked
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.plan.bases import BaseUse


class LockState(StrEnum):
    """The state of a base after `bakec lock`, or during `--check`."""

    SAME = "same"
    NEW = "new"
    MOVED = "moved"
    UNUSED = "unused"
    PINNED = "pinned"
    FLOATING = "floating"


@dataclass(frozen=True)
class ProjectBase:
    """A base image of the project.

    Attributes:
        name: in its short form.
        reference: the base's own reference; None if the name is not a reference.
        uses: the places that use the base.
        lockable: whether a Dockerfile names the base by a tag, so that the lock can have its digest.
    """

    name: str
    reference: Reference | None = None
    uses: tuple[BaseUse, ...] = ()
    lockable: bool = False

    @property
    def wanted(self) -> tuple[Platform, ...]:
        """The wanted platforms; empty if only the builder's own platform counts."""
        return tuple(sorted({platform for use in self.uses for platform in use.platforms}))


@dataclass(frozen=True)
class LockEntry:
    """The result for one base image.

    Attributes:
        base: the base image.
        state: its state.
        was, now: the old and the new entry of the lock.
        seen: what its registry has; None if the registry was not asked.
        touched: image → its platforms, for all images that are built from the base.
        errors: why the base can't be used.
        notes: hints for the author.
    """

    base: ProjectBase
    state: LockState
    was: Locked | None = None
    now: Locked | None = None
    seen: RegistryBase | None = None
    touched: Mapping[str, tuple[Platform, ...]] = field(default_factory=dict)
    errors: tuple[BakecError, ...] = ()
    notes: tuple[str, ...] = ()
