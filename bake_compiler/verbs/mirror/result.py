"""The result of `bakec mirror`: the outcome of each external image on each platform."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bake_compiler.errors import BakecError, RegistryError, VerificationError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.verbs.mirror.copier import Tally
from bake_compiler.verify import UNCHECKED, Finding, Severity
from bake_compiler.words import counted


class CopyFate(StrEnum):
    """The outcome of an image on one platform. Each wanted platform has exactly one outcome."""

    MIRRORED = "mirrored"
    UNCHANGED = "unchanged"
    WOULD_BE = "would be mirrored"
    FAILED = "failed"
    BLOCKED = "blocked"
    EXCLUDED = "excluded"


@dataclass(frozen=True)
class MirroredCell:
    """One image on one platform: the outcome, and the reason if the outcome is no success."""

    image: str
    platform: Platform
    fate: CopyFate
    why: str = ""


@dataclass(frozen=True)
class MirroredTag:
    """One reference of an image, and the digest that it named before (None: no such tag)."""

    reference: Reference
    before: Digest | None = None


@dataclass(frozen=True)
class MirroredImage:
    """One external image.

    Attributes:
        name: the image's name.
        sources: the vendor's references.
        places: the references that the image gets.
        digest: the digest of the vendor's image, or of the index that joins its platforms; None if it is unreadable.
        cells: one for each wanted platform.
        others: the vendor's other platforms; they are copied too.
        tally: what was copied, or would be copied.
        findings: what the verifier found.
        error: why the image could not be copied; None if nothing prevented it.
        seconds: how long the image took.
    """

    name: str
    sources: tuple[Reference, ...]
    places: tuple[MirroredTag, ...]
    digest: Digest | None
    cells: tuple[MirroredCell, ...]
    others: tuple[Platform, ...] = ()
    tally: Tally = field(default_factory=Tally)
    findings: tuple[Finding, ...] = ()
    error: BakecError | None = None
    seconds: float = 0.0

    @property
    def moved(self) -> tuple[MirroredTag, ...]:
        """The tags that named another digest before."""
        return tuple(each for each in self.places if each.before and self.digest and each.before != self.digest)

    @property
    def exit_code(self) -> int:
        """0 if the copy is verified, or would be made; 5 for a failure of a registry, 6 for one of the image."""
        if self.error:
            return self.error.exit_code
        codes = {finding.code for finding in self.findings if finding.severity is Severity.ERROR}
        if not codes:
            return 0
        return RegistryError.exit_code if codes == {UNCHECKED} else VerificationError.exit_code


@dataclass(frozen=True)
class Mirrored:
    """A whole run.

    Attributes:
        images: by name.
        excluded: the cells that their author excluded, with the reason.
        dry_run: whether nothing was written.
        seconds: wall time.
    """

    images: tuple[MirroredImage, ...]
    excluded: tuple[MirroredCell, ...] = ()
    dry_run: bool = False
    seconds: float = 0.0

    @property
    def cells(self) -> tuple[MirroredCell, ...]:
        """Every cell, excluded ones last."""
        return (*(cell for image in self.images for cell in image.cells), *self.excluded)

    @property
    def counts(self) -> Mapping[str, int]:
        """Outcome → the number of cells."""
        return dict(Counter(str(cell.fate) for cell in self.cells))

    @property
    def exit_code(self) -> int:
        """0 if every wanted cell is verified; 5 if a registry failed; otherwise 6."""
        codes = {image.exit_code for image in self.images}
        return next((code for code in (RegistryError.exit_code, *sorted(codes)) if code and code in codes), 0)

    @property
    def summary(self) -> str:
        """One line: images, cells, and their outcomes."""
        images, cells = len(self.images), len(self.cells)
        fates = ", ".join(f"{number} {fate}" for fate, number in sorted(self.counts.items()))
        return f"{counted(images, 'image')}, {counted(cells, 'cell')}: {fates}"
