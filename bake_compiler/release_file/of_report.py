"""Makes a release from a build's report, and promises from a release file or a report."""

import json
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from pydantic import BaseModel, Field

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import Child, Snapshot
from bake_compiler.release_file import (
    SCHEMA,
    ReleasedBase,
    ReleasedImage,
    ReleasedPlatform,
    ReleaseFile,
    read_release_file,
)
from bake_compiler.report.report import ImageResult, Report
from bake_compiler.verify import Promise, statements_of

_REVISION = "org.opencontainers.image.revision"


class _Cell(BaseModel):
    platform: str


class _Platform(BaseModel):
    platform: str
    tags: tuple[str, ...] = ()


class _Image(BaseModel):
    name: str
    reference: str
    tags: tuple[str, ...] = ()
    digest: str
    cells: tuple[_Cell, ...] = Field(min_length=1)
    platforms: tuple[_Platform, ...] = ()


class _Report(BaseModel):
    schema_: Literal["bakec.report/1"] = Field(alias="schema")
    published: bool | None
    partial: bool = False
    images: tuple[_Image, ...] = Field(min_length=1)


class Promised(NamedTuple):
    """One image of a release: its promise, its other tags, and tag → platform for tags of single platforms."""

    promise: Promise
    tags: tuple[Reference, ...]
    architecture_tags: Mapping[Reference, Platform] = {}


class ReleaseOrigin(NamedTuple):
    """What belongs in a release file and is not in the report.

    Attributes:
        covers: the selectors of the run.
        tools: program → its version.
        time: now, in UTC: 2026-11-24T19:33:20Z.
    """

    covers: Sequence[str]
    tools: Mapping[str, str]
    time: str


def release_of(report: Report, snapshots: Mapping[str, Snapshot], made: ReleaseOrigin) -> ReleaseFile:
    """Return the release that a build has published.

    Args:
        report: the build's report.
        snapshots: image → what the registry has under its digest, provenance included.
        made: what the report does not contain.

    Raises:
        ValueError: no image of the report is complete.
    """
    images = [image for image in report.images if image.digest and image.is_good]
    return ReleaseFile(
        schema=SCHEMA,
        run=report.run,
        time=made.time,
        registry=report.registry,
        tag=report.tag,
        covers=tuple(made.covers) or ("all",),
        partial=len(images) < len(report.images),
        tools=dict(made.tools),
        images=tuple(_released(image, image.digest, snapshots[image.name]) for image in images if image.digest),
    )


def _released(image: ImageResult, digest: Digest, snapshot: Snapshot) -> ReleasedImage:
    tags = tuple(map(Reference.parse, (image.reference, *image.tags)))
    children = [child for child in snapshot.images if child.platform]
    bases = {base for child in children for statement in statements_of(snapshot, child) for base in statement.bases}
    revisions = {child.config.config.labels.get(_REVISION, "") if child.config else "" for child in children}
    return ReleasedImage(
        name=image.name,
        repository=tags[0].name,
        tags=tags,
        digest=digest,
        content_tag=image.content_tag,
        revision=_sound(revisions.pop()) if len(revisions) == 1 else "",
        bases=tuple(ReleasedBase(name=_sound(base.name), digest=base.digest) for base in bases),
        platforms=tuple(_platform(image, snapshot, child, child.platform) for child in children if child.platform),
    )


def _platform(image: ImageResult, snapshot: Snapshot, child: Child, platform: Platform) -> ReleasedPlatform:
    attestations = (*snapshot.attestations, *snapshot.artifacts)
    told = (
        each.descriptor.digest for each in attestations if each.statements and each.subject == child.descriptor.digest
    )
    tags = next((each.tags for each in image.platforms if each.platform == platform), ())
    return ReleasedPlatform(
        platform=platform,
        digest=child.descriptor.digest,
        size=child.size,
        provenance=next(told, None),
        tags=tuple(map(Reference.parse, tags)),
    )


def _sound(text: str) -> str:
    """The text with lone surrogates escaped. A statement may contain them, but a UTF-8 file can't."""
    return text.encode(errors="backslashreplace").decode()


def read_promises(content: bytes, source: str) -> Sequence[Promised]:
    """Return what each image of a release must be, and its tags.

    Args:
        content: the content of a release file, or of a build's report.
        source: the file's name, for the promises.

    Raises:
        ValueError: it is neither a release file nor the report of a build that has published every image.
    """
    if _is_report(content):
        return [_promised(image, source) for image in _published(content).images]
    return promises_of(read_release_file(content), source)


def promises_of(release: ReleaseFile, source: str) -> list[Promised]:
    """Return what each image of a release must be, and its tags. `source` is the file's name, for the promises."""
    return [_promise(image, source) for image in release.images]


def _promise(image: ReleasedImage, source: str) -> Promised:
    platforms = tuple(each.platform for each in image.platforms)
    first, *others = image.tags
    promise = Promise(image.name, first, platforms, image.digest, source, provenance=_is_attested(image))
    return Promised(promise, tuple(others), {tag: each.platform for each in image.platforms for tag in each.tags})


def _is_attested(image: ReleasedImage) -> bool:
    return all(each.provenance for each in image.platforms)


def _is_report(content: bytes) -> bool:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and document.get("schema") == "bakec.report/1"


def _published(content: bytes) -> _Report:
    report = _Report.model_validate_json(content)
    if not report.published:
        raise ValueError("this build has not published its tags")
    if report.partial:
        raise ValueError("this build has published only some of its images, which its release file names")
    return report


def _promised(image: _Image, source: str) -> Promised:
    platforms = tuple(Platform.parse(cell.platform) for cell in image.cells)
    promise = Promise(image.name, Reference.parse(image.reference), platforms, Digest.parse(image.digest), source)
    single = {Reference.parse(tag): Platform.parse(each.platform) for each in image.platforms for tag in each.tags}
    return Promised(promise, tuple(map(Reference.parse, image.tags)), single)
