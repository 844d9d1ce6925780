"""What a run need not build again, because the one that it resumes did."""

import asyncio
import time
from collections.abc import Mapping

from bake_compiler.pipeline.images import Images
from bake_compiler.pipeline.runs import Asked, finished_images
from bake_compiler.plan import PlannedImage
from bake_compiler.report import ImageResult
from bake_compiler.report.events import ImageEnded
from bake_compiler.report.report import GOOD
from bake_compiler.schedule import in_order


async def keep(earlier: Asked, images: Images, blocks: Mapping[str, str]) -> frozenset[str]:
    """The images that an earlier run built and that the registry still has as they were pushed.

    An image is built again when its words in the bake file have changed since, or when one that it needs is.

    Args:
        earlier: the run that is resumed.
        images: of this run; what is kept ends in their records.
        blocks: image → fingerprint of its words in the bake file.
    """
    results = finished_images(images.edges.root, earlier.run)
    before = {image.name: image for image in earlier.images}
    wanted = in_order([record.image for record in images.records.values()])
    same = [
        image
        for image in wanted
        if image.name in before
        and before[image.name].block == blocks[image.name]
        and before[image.name].platforms == tuple(map(str, image.platforms))
        and image.name in results
        and all(cell.outcome in GOOD for cell in results[image.name].cells)
    ]
    sound = await asyncio.gather(*(_is_there(images, image, results[image.name], earlier) for image in same))
    kept: set[str] = set()
    for image in (image for image, good in zip(same, sound, strict=True) if good):
        record = images.records[image.name]
        if kept.issuperset(record.needs):
            kept.add(image.name)
            images.tell(ImageEnded(time.time(), record.result()))
    for name, record in images.records.items():
        if name not in kept:
            record.kept_from, record.digest, record.verified = "", None, None
    return frozenset(kept)


async def _is_there(images: Images, image: PlannedImage, result: ImageResult, earlier: Asked) -> bool:
    record = images.records[image.name]
    record.kept_from, record.digest = result.kept_from or earlier.run, result.digest
    if record.push and record.digest:
        record.verified = await images.verify(image, record.digest)
    return record.good
