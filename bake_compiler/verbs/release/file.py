"""The release file of a build: made from its report, and from what the registry has under each digest."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from bake_compiler.errors import BakecError, RegistryError
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import Snapshot
from bake_compiler.registry import fetch_snapshot
from bake_compiler.release_file import ReleaseFile, render_release_file
from bake_compiler.release_file.of_report import ReleaseOrigin, release_of
from bake_compiler.report import ImageResult, Report
from bake_compiler.system.files import write_whole
from bake_compiler.verbs.edges import Edges


async def write_release_file(edges: Edges, report: Report, covers: Sequence[str], path: Path) -> BakecError | None:
    """Write the release file of a build that has published. Return the error if this failed, otherwise None.

    Args:
        edges: for questions to the registry, and to buildx for its version.
        report: the report of the build.
        covers: the selectors of the build.
        path: the file. It is written whole, or stays as it was.
    """
    if not report.published:
        return None
    hint = "the tags have moved; the same build again writes it"
    try:
        write_whole(path, render_release_file(await release_file_of(edges, report, covers)))
    except OSError as error:
        return BakecError(f"--release-file: {path}: {error.strerror}", hint=hint)
    except (RegistryError, ValueError) as error:
        return RegistryError(f"--release-file: {error}", hint=hint)
    return None


async def release_file_of(edges: Edges, report: Report, covers: Sequence[str]) -> ReleaseFile:
    """Return the release that a build has published.

    Args:
        edges: for questions to the registry, and to buildx for its version.
        report: the report of the build.
        covers: the selectors of the build.

    Raises:
        RegistryError: the registry did not answer.
        ValueError: no image of the release is complete.
    """
    images = [image for image in report.images if image.digest and image.is_good]
    snapshots = await asyncio.gather(*(_snapshot(edges, image) for image in images))
    made = ReleaseOrigin(tuple(covers), await tool_versions(edges), now())
    return release_of(report, {image.name: each for image, each in zip(images, snapshots, strict=True)}, made)


async def tool_versions(edges: Edges) -> Mapping[str, str]:
    """Return program → version, for bakec, and for buildx if it is installed."""
    buildx = await edges.tools.version()
    return {"bakec": version("bakec"), **({"buildx": buildx.text} if buildx else {})}


def now() -> str:
    """Return the current time in the form of a release file."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


async def _snapshot(edges: Edges, image: ImageResult) -> Snapshot:
    at = Reference.parse(f"{Reference.parse(image.reference).name}@{image.digest}")
    snapshot = await fetch_snapshot(edges.registry, at, provenance=True)
    troubles = (snapshot.trouble, *(child.piece.trouble for child in snapshot.children))
    for trouble in filter(None, troubles):
        raise RegistryError(f"{at}: {trouble.message}", hint=trouble.hint)
    return snapshot
