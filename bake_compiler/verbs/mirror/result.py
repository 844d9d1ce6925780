"""What `bakec mirror` came to: how each platform of each image of others ended, for a person and for a program."""

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
    """How one platform of an image ended; each that is wanted ends as exactly one of these."""

    MIRRORED = "mirrored"
    UNCHANGED = "unchanged"
    WOULD_BE = "would be mirrored"
    FAILED = "failed"
    BLOCKED = "blocked"
    EXCLUDED = "excluded"


@dataclass(frozen=True)
class MirroredCell:
    """One image on one platform: how it ended, and why when that is not plain success."""

    image: str
    platform: Platform
    fate: CopyFate
    why: str = ""


@dataclass(frozen=True)
class MirroredTag:
    """One reference of an image, and what it named before; None: there was no such tag."""

    reference: Reference
    before: Digest | None = None


@dataclass(frozen=True)
class MirroredImage:
    """One image of somebody else.

    Attributes:
        name: of the image.
        sources: where its vendor keeps it.
        places: where it is to be.
        digest: of what its vendor has, or of the index that joins it; None if that could not be read.
        cells: one for each platform wanted of it.
        others: platforms that its vendor has beside those; they are copied too.
        tally: what was brought, or would be.
        findings: what it is not that it must be.
        error: why it could not be copied; None when nothing stood in the way.
        seconds: it took.
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
        """The tags that named something else before."""
        return tuple(each for each in self.places if each.before and self.digest and each.before != self.digest)

    @property
    def exit_code(self) -> int:
        """0 if it is proven, or would be copied; else whose fault it is: the registry's, or the image's."""
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
        dry_run: whether it was only said what would be done.
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
        """How many cells ended in which way."""
        return dict(Counter(str(cell.fate) for cell in self.cells))

    @property
    def exit_code(self) -> int:
        """The registry's failures outweigh those of verification; 0 when every wanted cell is proven."""
        codes = {image.exit_code for image in self.images}
        return next((code for code in (RegistryError.exit_code, *sorted(codes)) if code and code in codes), 0)

    @property
    def summary(self) -> str:
        """One line: images, cells, how they ended."""
        images, cells = len(self.images), len(self.cells)
        fates = ", ".join(f"{number} {fate}" for fate, number in sorted(self.counts.items()))
        return f"{counted(images, 'image')}, {counted(cells, 'cell')}: {fates}"
