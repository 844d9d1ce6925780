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
    """What became of a base, or would with `--check`."""

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
        name: in its familiar form.
        reference: by its own name; None where it is no reference.
        uses: who takes it.
        lockable: a Dockerfile names it by a tag, which a lock can hold.
    """

    name: str
    reference: Reference | None = None
    uses: tuple[BaseUse, ...] = ()
    lockable: bool = False

    @property
    def wanted(self) -> tuple[Platform, ...]:
        """The platforms that it is wanted for; none where only the builder's own counts."""
        return tuple(sorted({platform for use in self.uses for platform in use.platforms}))


@dataclass(frozen=True)
class LockEntry:
    """What is known of one base image in the end.

    Attributes:
        base: which.
        state: what became of it.
        was, now: what the lock said, and says.
        seen: what its registry has; None when it was not asked.
        touched: image → its platforms: all that are made from it.
        errors: why it can't be taken as it is.
        notes: what its author may want to know.
    """

    base: ProjectBase
    state: LockState
    was: Locked | None = None
    now: Locked | None = None
    seen: RegistryBase | None = None
    touched: Mapping[str, tuple[Platform, ...]] = field(default_factory=dict)
    errors: tuple[BakecError, ...] = ()
    notes: tuple[str, ...] = ()
