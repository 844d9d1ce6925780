"""What `bakec mirror` did, as JSON and as text."""

from collections.abc import Iterable, Iterator
from typing import Any

from bake_compiler.oci.digest import Digest
from bake_compiler.report.words.lines import printable, size_in_words
from bake_compiler.verbs.mirror.copier import Tally
from bake_compiler.verbs.mirror.result import SCHEMA, Mirrored, MirroredCell, MirroredImage, MirroredTag
from bake_compiler.verify import Finding


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
