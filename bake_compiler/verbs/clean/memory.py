"""What a project's own folder tells of its content tags; on a machine that never built, it tells nothing."""

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
    """What runs and releases tell.

    Attributes:
        used: content tag and digest → seconds since the epoch when a run last made or used it.
        kept: content tag → why it stays, however old it is: its image's last run used it.
        pinned: digest → why it stays: a release can still be undone or finished, and has it.
    """

    used: Mapping[tuple[Reference, Digest], float] = field(default_factory=dict)
    kept: Mapping[Reference, str] = field(default_factory=dict)
    pinned: Mapping[Digest, str] = field(default_factory=dict)


def remembered(root: Path, forgotten: Collection[str] = ()) -> Remembered:
    """What the runs and releases of a project tell that are kept; one that can't be read tells nothing.

    Args:
        root: the project's root.
        forgotten: releases whose journals are about to go.
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
    """Image, content tag in each of its repositories, digest, and the moment."""
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
    """A manifest, and the children of an index."""
    yield raw.digest
    with suppress(ValueError):
        read = raw.parse()
        yield from (entry.digest for entry in read.manifests) if isinstance(read, Index) else ()
