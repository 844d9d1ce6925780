"""What `bakec mirror` did, as JSON and as text."""

from collections.abc import Iterable, Iterator
from typing import Literal

from typing_extensions import TypedDict

from bake_compiler.document import ReasonDocument
from bake_compiler.oci.digest import Digest
from bake_compiler.report.formats.json import FindingDocument
from bake_compiler.report.words.lines import printable, size_in_words
from bake_compiler.verbs.mirror.copier import Tally
from bake_compiler.verbs.mirror.result import CopyFate, Mirrored, MirroredCell, MirroredImage, MirroredTag
from bake_compiler.verify import Finding


class MirrorCellDocument(TypedDict):
    """One external image on one platform, and its outcome."""

    image: str
    """The external image's name."""
    platform: str
    """Such as `linux/arm64`."""
    outcome: CopyFate
    """How the cell ended."""
    why: str
    """The reason of a cell that failed, is blocked or is excluded; else empty."""


class MirrorTagDocument(TypedDict):
    """A tag of an external image in the project's registries."""

    tag: str
    """The whole reference."""
    before: str | None
    """The digest that it named before; null if there was no such tag."""


class BlobsDocument(TypedDict):
    """How many blobs were copied."""

    sent: int
    """Read from the vendor and sent; in a dry run: to be sent."""
    mounted: int
    """Taken from another repository of the same registry."""
    present: int
    """There already."""


class MirrorImageDocument(TypedDict):
    """One external image."""

    name: str
    """The external image's name."""
    sources: list[str]
    """The vendor's references."""
    digest: str | None
    """The digest of what the vendor has, or of the index that joins it; null if it could not be read."""
    tags: list[MirrorTagDocument]
    """Its tags in the project's registries."""
    cells: list[MirrorCellDocument]
    """One for each platform that is wanted of it."""
    other_platforms: list[str]
    """The vendor's other platforms; they are copied too."""
    blobs: BlobsDocument
    """How many blobs were copied."""
    bytes_sent: int
    """The bytes of the blobs that were sent."""
    manifests_written: int
    """How many manifests were written."""
    error: ReasonDocument | None
    """Why the image could not be copied; null if nothing prevented it."""
    findings: list[FindingDocument]
    """What the verifier found."""
    seconds: float
    """How long the image took."""


class MirrorDocument(TypedDict):
    """What `bakec mirror` did: each external image on each platform has exactly one outcome."""

    schema: Literal["bakec.mirror/1"]
    exit_code: int
    """The exit code of the run."""
    dry_run: bool
    """Whether nothing was written."""
    summary: str
    """One line: images, cells, and how they ended."""
    counts: dict[str, int]
    """Outcome → the number of cells; only outcomes that occurred."""
    seconds: float
    """Wall time of the run."""
    images: list[MirrorImageDocument]
    """By name."""
    excluded: list[MirrorCellDocument]
    """The cells that their author excluded, with the reason."""


def mirrored_document(mirrored: Mirrored) -> MirrorDocument:
    """The whole run as plain dicts and lists."""
    return {
        "schema": "bakec.mirror/1",
        "exit_code": mirrored.exit_code,
        "dry_run": mirrored.dry_run,
        "summary": mirrored.summary,
        "counts": dict(mirrored.counts),
        "seconds": round(mirrored.seconds, 3),
        "images": [_image(image) for image in mirrored.images],
        "excluded": [_cell(cell) for cell in mirrored.excluded],
    }


def _image(image: MirroredImage) -> MirrorImageDocument:
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


def _cell(cell: MirroredCell) -> MirrorCellDocument:
    return {"image": cell.image, "platform": str(cell.platform), "outcome": cell.fate, "why": cell.why}


def _finding(finding: Finding) -> FindingDocument:
    return {
        "platform": str(finding.platform) if finding.platform else None,
        "code": finding.code,
        "severity": finding.severity,
        "message": finding.message,
        "hint": finding.hint,
    }


def render_mirrored(mirrored: Mirrored) -> str:
    """Return the text for a person: a line for each image, its faults, and the summary."""
    lines = [line for image in mirrored.images for line in _lines(image, dry_run=mirrored.dry_run)]
    lines += [f"excluded {cell.image} {cell.platform}: {cell.why}" for cell in mirrored.excluded]
    lines.append(f"mirror: {mirrored.summary} in {mirrored.seconds:.1f} s")
    return "".join(f"{' '.join(printable(line).splitlines())}\n" for line in lines)


def told(image: MirroredImage, *, dry_run: bool = False) -> str:
    """Return one line about an image: its outcome, and what was copied."""
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


def _tags(places: Iterable[MirroredTag], digest: Digest, *, dry_run: bool) -> Iterator[str]:
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
