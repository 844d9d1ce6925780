"""Public tags of many images, and small manifests for them to name."""

import asyncio
import json
from collections.abc import Iterable, Sequence

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import OCI_INDEX
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import RawManifest
from bake_compiler.registry import Registry
from bake_compiler.release import plan_moves
from bake_compiler.release.moves import Move, current


def index(about: str) -> RawManifest:
    """An index without images, of its own digest for each text."""
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [], "annotations": {"about": about}}
    content = json.dumps(document).encode()
    return RawManifest(OCI_INDEX, Digest.of(content), content)


def public_tags(
    host: str, folder: str, images: int = 13, tags: Sequence[str] = ("v1.0.0", "v1", "latest")
) -> tuple[Reference, ...]:
    """The tags of so many images."""
    return tuple(Reference(host, f"{folder}/image-{number}", tag) for number in range(images) for tag in tags)


async def moves_to(registry: Registry, tags: Iterable[Reference], about: str) -> tuple[Move, ...]:
    """What it takes for all of these to name the index of this text; each image has its own."""
    return await plan_moves(registry, [(tag, index(f"{about} of {tag.repository}")) for tag in tags])


async def named(registry: Registry, tags: Iterable[Reference]) -> dict[str, str]:
    """Tag → the digest that it names."""
    each = tuple(tags)
    found = await asyncio.gather(*(current(registry, tag) for tag in each))
    return {str(tag): str(raw.digest) for tag, raw in zip(each, found, strict=True) if raw}
