"""What `bakec mirror` came to: how each platform of each image of others ended, for a person and for a program."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bake_compiler.errors import BakecError, RegistryError, VerificationError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.report.words.lines import printable, size_in_words
from bake_compiler.verbs.mirror.copier import Tally
from bake_compiler.verify import UNCHECKED, Finding, Severity

SCHEMA = "bakec.mirror/1"


class Fate(StrEnum):
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
    fate: Fate
    why: str = ""


@dataclass(frozen=True)
class Place:
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
    places: tuple[Place, ...]
    digest: Digest | None
    cells: tuple[MirroredCell, ...]
    others: tuple[Platform, ...] = ()
    tally: Tally = field(default_factory=Tally)
    findings: tuple[Finding, ...] = ()
    error: BakecError | None = None
    seconds: float = 0.0

    @property
    def moved(self) -> tuple[Place, ...]:
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
        counted = ", ".join(f"{number} {fate}" for fate, number in sorted(self.counts.items()))
        return f"{images} image{'s' * (images != 1)}, {cells} cell{'s' * (cells != 1)}: {counted}"


def mirrored_document(mirrored: Mirrored) -> dict[str, Any]:
    """The whole run as plain dicts and lists."""
    return {
        "schema": SCHEMA,
        "exit_code": mirrored.exit_code,
        "dry_run": mirrored.dry_run,
        "summary": mirrored.summary,
        "counts": mirrored.counts,
        "seconds": round(mirrored.seconds, 3),
        "images": [_image(image) for image in mirrored.images],
        "excluded": [_cell(cell) for cell in mirrored.excluded],
    }


def _image(image: MirroredImage) -> dict[str, Any]:
    tally, error = image.tally, image.error
    return {
        "name": image.name,
        "sources": [str(source) for source in image.sources],
        "digest": str(image.digest) if image.digest else None,
        "tags": [
            {"tag": str(each.reference), "before": str(each.before) if each.before else None} for each in image.places
        ],
        "cells": [_cell(cell) for cell in image.cells],
        "other_platforms": [str(platform) for platform in image.others],
        "blobs": {"sent": tally.sent, "mounted": tally.mounted, "present": tally.present},
        "bytes_sent": tally.size,
        "manifests_written": tally.manifests,
        "error": {"message": error.message, "hint": error.hint} if error else None,
        "findings": [_finding(finding) for finding in image.findings],
        "seconds": round(image.seconds, 3),
    }


def _cell(cell: MirroredCell) -> dict[str, str]:
    return {"image": cell.image, "platform": str(cell.platform), "outcome": str(cell.fate), "why": cell.why}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "platform": str(finding.platform) if finding.platform else None,
        "code": finding.code,
        "severity": str(finding.severity),
        "message": finding.message,
        "hint": finding.hint,
    }


def render_mirrored(mirrored: Mirrored) -> str:
    """What a person reads: a line an image, what is wrong with it, and the verdict."""
    lines = [line for image in mirrored.images for line in _lines(image, dry_run=mirrored.dry_run)]
    lines += [f"excluded {cell.image} {cell.platform}: {cell.why}" for cell in mirrored.excluded]
    lines.append(f"mirror: {mirrored.summary} in {mirrored.seconds:.1f} s")
    return "".join(f"{' '.join(printable(line).splitlines())}\n" for line in lines)


def told(image: MirroredImage, *, dry_run: bool = False) -> str:
    """One line of an image: how it ended, and what it took."""
    fates = dict.fromkeys(cell.fate for cell in image.cells)
    ends = "; ".join(
        f"{fate} {', '.join(str(cell.platform) for cell in image.cells if cell.fate is fate)}" for fate in fates
    )
    others = f" and {len(image.others)} more" if image.others and not image.exit_code else ""
    return f"{image.name}: {ends}{others}{_taken(image.tally, dry_run=dry_run)}"


def _taken(tally: Tally, *, dry_run: bool) -> str:
    verb = "to send" if dry_run else "sent"
    words = [f"{size_in_words(tally.size)} {verb} in {tally.sent} blob{'s' * (tally.sent != 1)}"] if tally.sent else []
    words += [f"{tally.mounted} mounted"] if tally.mounted else []
    words += [f"{tally.present} there already"] if tally.present and not tally.is_nothing else []
    return f" ({', '.join(words)})" if words else ""


def _tags(places: Iterable[Place], digest: Digest, *, dry_run: bool) -> Iterator[str]:
    for place in places:
        moved = place.before and place.before != digest
        verb = ("would move" if dry_run else "moved") if moved else ""
        was = f" {verb}: sha256:{place.before.short} →" if place.before and moved else ""
        yield f"  {place.reference}{was} sha256:{digest.short}"


def _lines(image: MirroredImage, *, dry_run: bool) -> Iterator[str]:
    yield told(image, dry_run=dry_run)
    if image.digest and not image.exit_code:
        yield from _tags(image.places, image.digest, dry_run=dry_run)
    for finding in image.findings:
        yield str(finding)
        if finding.hint:
            yield f" hint: {finding.hint}"
    if image.error:
        yield f"error: {image.name}: {image.error.message}"
        if image.error.hint:
            yield f" hint: {image.error.hint}"
