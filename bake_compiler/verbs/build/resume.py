"""The images that a run need not build, because the resumed run built them."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from bake_compiler.inputs.image import MadeFrom
from bake_compiler.plan import PlannedImage
from bake_compiler.plan.order import needs_first
from bake_compiler.report import ImageResult
from bake_compiler.report.events import ImageEnded
from bake_compiler.report.report import GOOD
from bake_compiler.runs.asked import Asked, read_asked
from bake_compiler.runs.kept import finished_images
from bake_compiler.verbs.build.images import Images
from bake_compiler.verbs.build.record import Record


async def keep(earlier: Asked, images: Images, made: Mapping[str, MadeFrom]) -> frozenset[str]:
    """Return the images that an earlier run built and that the registry still has as they were pushed.

    An image is built again if its files in the project have changed since. It is also built again if one of its needs
    is built again, or was built by a later run.

    An image is built again when what the project holds of it has changed since, or when one that it needs is built
    again, or was by a later run than its own.

    Args:
        earlier: the resumed run.
        images: the images of this run. The records of kept images get their results.
        made: image → its inputs.
    """
    root = images.edges.root
    results = finished_images(root, earlier.run)
    asks = {run: read_asked(root, run) for run in {result.kept_from for result in results.values()}}
    same = [
        image
        for image in needs_first([record.image for record in images.records.values()])
        if image.name in results and _is_same(image, results[image.name], asks, made[image.name].sources)
    ]
    sound = await asyncio.gather(*(_is_there(images, image, results[image.name]) for image in same))
    began = {run: asked.began for run, asked in asks.items() if asked}
    kept: dict[str, float] = {}
    for image in (image for image, good in zip(same, sound, strict=True) if good):
        record = images.records[image.name]
        built = began[record.kept_from]
        if all(need in kept and kept[need] <= built for need in record.needs):
            kept[image.name] = built
            images.tell(ImageEnded(time.time(), record.result()))
    for name, record in images.records.items():
        if name not in kept:
            record.kept_from, record.digest, record.verified = "", None, None
    return frozenset(kept)


def other_revisions(root: Path, records: Iterable[Record], revision: str) -> str:
    """Return a text that lists the images kept from another revision of the sources; empty if there are none."""
    kept = Counter(record.kept_from for record in records if record.kept_from)
    asks = ((read_asked(root, run), images) for run, images in kept.items())
    told = [
        f"{images} of the images {'is' if images == 1 else 'are'} of {then.variables.get('REVISION') or 'no revision'}"
        for then, images in asks
        if then and then.variables.get("REVISION", "") != revision
    ]
    return f"kept from other sources: {', '.join(told)}; the rest of {revision or 'no revision'}" if told else ""


def _is_same(image: PlannedImage, result: ImageResult, asks: Mapping[str, Asked | None], sources: str) -> bool:
    """Whether the image was built with the same sources and settings as wanted now."""
    asked = asks[result.kept_from]
    then = next((each for each in asked.images if each.name == image.name), None) if asked else None
    wanted = tuple(map(str, image.platforms))
    good = all(cell.outcome in GOOD for cell in result.cells)
    return good and then is not None and (then.sources, then.platforms) == (sources, wanted)


async def _is_there(images: Images, image: PlannedImage, result: ImageResult) -> bool:
    record = images.records[image.name]
    record.kept_from, record.digest, record.content_tag = result.kept_from, result.digest, result.content_tag
    if record.push and record.digest:
        record.verified = await images.verify(image, record.digest)
    return record.good
