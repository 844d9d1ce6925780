"""What a build publishes: the selection of images, their signatures, and their public tags, all or none."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Sequence

from bake_compiler.cosign import Cosign
from bake_compiler.errors import BakecError, RegistryError, UsageError
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import RawManifest, TroubleKind
from bake_compiler.plan import Plan, Wanted
from bake_compiler.registry import Registry, fetch_snapshot
from bake_compiler.release import move_all, plan_moves
from bake_compiler.report import Report
from bake_compiler.report.events import Event, Publishing, Signing
from bake_compiler.verbs.build.record import Record
from bake_compiler.verbs.build.sign import sign_all
from bake_compiler.verbs.edges import Edges


async def refuse_loss(registry: Registry, plan: Plan, wanted: Wanted) -> None:
    """Raise an error if a public tag would lose a platform. A tag points to one index; a run may build fewer platforms.

    Raises:
        RegistryError: the registry does not say where a public tag points.
        UsageError: a public tag would lose a platform.
    """
    for image in wanted.images:
        left_out = set(plan.image(image.name).platforms) - set(image.platforms)
        if not left_out:
            continue
        for tag in wanted.references(image):
            snapshot = await fetch_snapshot(registry, tag)
            if snapshot.trouble and snapshot.trouble.kind is not TroubleKind.MISSING:
                raise RegistryError(f"{tag}: {snapshot.trouble.message}", hint=snapshot.trouble.hint)
            lost = left_out & {child.platform for child in snapshot.children if child.platform}
            if lost:
                names = ", ".join(map(str, sorted(lost)))
                raise UsageError(
                    f"{tag} has {names}, which this run would take away",
                    hint="build all platforms, or give another --tag",
                )


def to_publish(records: Collection[Record], *, push: bool, partial: bool) -> tuple[Record, ...]:
    """Return the images whose tags may move: all or none; with `partial`, the good images."""
    good = tuple(record for record in records if record.good)
    return good if push and (partial or len(good) == len(records)) else ()


async def sign(
    registry: Registry, cosign: Cosign | None, records: Iterable[Record], tell: Callable[[Event], None]
) -> str:
    """Sign the manifests for the public tags. Return the error message, or an empty text."""
    if not cosign:
        return ""
    named = [(tag, digest, record) for record in records for tag, digest in record.named.items() if digest]
    wanted = {tag.at(digest): record.image.name for tag, digest, record in named}
    if not wanted:
        return ""
    tell(Signing(time.time(), len(set(wanted.values()))))
    try:
        await sign_all(registry, cosign, wanted)
    except BakecError as error:
        return f"no public tag was moved: {'; '.join(filter(None, (error.message, error.hint)))}"
    return ""


async def publish(
    edges: Edges, run_id: str, records: Iterable[Record], protect: Sequence[str], tell: Callable[[Event], None]
) -> str:
    """Move every public tag. Return the error message, or an empty text."""
    try:
        staged = await asyncio.gather(*(_staged(edges.registry, record) for record in records))
        wanted = [each for pairs in staged for each in pairs]
        moves = await plan_moves(edges.registry, wanted, protect)
    except BakecError as error:
        return f"no public tag was moved: {error.message}"
    tell(Publishing(time.time(), len(moves)))
    try:
        await move_all(edges.registry, edges.root, run_id, moves)
    except BakecError as error:
        return "; ".join(filter(None, (error.message, error.hint)))
    return ""


async def _staged(registry: Registry, record: Record) -> list[tuple[Reference, RawManifest]]:
    """Return the public tags of an image, each with its new manifest."""
    if record.digest is None:
        return []
    first, *_ = record.references
    digests = list(dict.fromkeys(digest for digest in record.named.values() if digest))
    raws = await asyncio.gather(*(registry.manifest(first.at(digest)) for digest in digests))
    read = dict(zip(digests, raws, strict=True))
    return [(tag, read[digest]) for tag, digest in record.named.items() if digest]


def publish_note(report: Report) -> str:
    """Return a text that lists the published images, if not all images are published."""
    if report.published is None:
        return "--load: nothing was pushed, verified or published"
    if report.published:
        left = [image.name for image in report.images if not image.is_good]
        published = f"{len(report.images) - len(left)} of {len(report.images)} images are published"
        return f"--allow-partial: {published}; as they were: {', '.join(left)}" if left else ""
    return "" if report.publish_error else "no public tag was moved"
