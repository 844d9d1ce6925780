"""What a project's own folder records about content tags. On a machine that never built, the folder is empty."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bake_compiler.errors import BakecError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import Index
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import RawManifest
from bake_compiler.release import read_release, release_ids
from bake_compiler.report import Report
from bake_compiler.runs.kept import run_ids, stored_report


@dataclass(frozen=True)
class Remembered:
    """What runs and releases record.

    Attributes:
        used: content tag and digest → seconds since the epoch at which a run last made or used it.
        kept: content tag → the reason why it stays at any age: the last run of its image used it.
        pinned: digest → the reason why it stays: a release contains it, and can still be undone or finished.
    """

    used: Mapping[tuple[Reference, Digest], float] = field(default_factory=dict)
    kept: Mapping[Reference, str] = field(default_factory=dict)
    pinned: Mapping[Digest, str] = field(default_factory=dict)


def remembered(root: Path, forgotten: Collection[str] = ()) -> Remembered:
    """Return what the runs and releases of a project record. A run or release that can't be read adds nothing.

    Args:
        root: the project's root.
        forgotten: releases whose journals will be removed.
    """
    used: dict[tuple[Reference, Digest], float] = {}
    last: dict[str, str] = {}
    kept: dict[Reference, str] = {}
    for run in run_ids(root):  # the newest first
        with suppress(BakecError):
            for image, tag, digest, moment in _content_tags(stored_report(root, run)):
                used[tag, digest] = max(moment, used.get((tag, digest), moment))
                if last.setdefault(image, run) == run:
                    kept[tag] = f"run {run} used it, the last one of {image}"
    return Remembered(used, kept, _pinned(root, forgotten))


def _content_tags(report: Report) -> Iterator[tuple[str, Reference, Digest, float]]:
    """Yield image, content tag in each of its repositories, digest, and time."""
    for image in report.images:
        if image.content_tag and image.digest:
            moment = max(image.ended, report.began + report.seconds)
            with suppress(ValueError):
                for public in map(Reference.parse, (image.reference, *image.tags)):
                    yield image.name, public.tagged(image.content_tag), image.digest, moment


def _pinned(root: Path, forgotten: Collection[str]) -> Mapping[Digest, str]:
    found: dict[Digest, str] = {}
    for name in release_ids(root):
        if name in forgotten:
            continue
        for move in read_release(root, name).moves:
            for raw in filter(None, (move.to, move.old)):
                for digest in _whole(raw):
                    found.setdefault(digest, f"release {name} has it")
    return found


def _whole(raw: RawManifest) -> Iterator[Digest]:
    """Yield the digest of a manifest and, for an index, of its children."""
    yield raw.digest
    with suppress(ValueError):
        read = raw.parse()
        yield from (entry.digest for entry in read.manifests) if isinstance(read, Index) else ()
