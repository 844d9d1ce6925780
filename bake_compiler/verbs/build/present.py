"""The images that a run need not build, because the registry has an image from the same inputs."""

import asyncio
import time
from collections.abc import Mapping

from bake_compiler.errors import RegistryError
from bake_compiler.oci.reference import one_of_each_repository
from bake_compiler.report.events import ImageEnded
from bake_compiler.verbs.build.images import Images


async def find_present(images: Images, tags: Mapping[str, str]) -> frozenset[str]:
    """Return the images that every registry has under their content tag, verified. Their records end as unchanged.

    Args:
        images: the images of a run.
        tags: image → its content tag, for images that have one.
    """
    found = await asyncio.gather(*(_is_present(images, name, tag) for name, tag in tags.items()))
    return frozenset(name for name, present in zip(tags, found, strict=True) if present)


async def _is_present(images: Images, name: str, tag: str) -> bool:
    record = images.records[name]
    staged = (each.tagged(tag) for each in one_of_each_repository(record.references))
    try:
        first, *others = await asyncio.gather(*map(images.edges.registry.manifest, staged))
    except RegistryError:  # not there, or not reachable: then the image is built
        return False
    if any(other.digest != first.digest for other in others):
        return False
    record.digest = first.digest
    record.verified = await images.verify(record.image, record.digest)
    record.unchanged = record.good
    if not record.good:
        record.digest, record.verified = None, None
    else:
        images.tell(ImageEnded(time.time(), record.result()))
    return record.unchanged
