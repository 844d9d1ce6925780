"""What a repository holds, as far as it says who needs what, and when it was built."""

import asyncio
from collections.abc import Iterable

from bake_compiler.errors import NotFoundError, RegistryError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.finished import finished_at
from bake_compiler.oci.manifest import INDEXES, Descriptor, Index, Manifest
from bake_compiler.oci.provenance import is_provenance
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import RawManifest
from bake_compiler.registry import Registry
from bake_compiler.staged.stale import Held

_LARGEST_STATEMENT = 16 * 1024 * 1024  # provenance of mode max holds all sources of a build


async def read_contents(registry: Registry, repository: Reference) -> tuple[Held, ...]:
    """Every tag of a repository, with all that it needs; a tag that names nothing (any more) is left out.

    Raises:
        RegistryError: not all of it could be read, so that nobody can tell who needs what.
    """
    names = await registry.tags(repository)
    found = await asyncio.gather(*(_held(registry, repository.tagged(name)) for name in names))
    return tuple(held for held in found if held)


async def built_at(registry: Registry, ref: Reference) -> float | None:
    """When an image was built, in seconds since the epoch, by its provenance; None when that does not say.

    Of several statements, one for each platform, the latest counts.

    Args:
        registry: whom to ask.
        ref: by tag or digest.

    Raises:
        RegistryError: the registry did not say.
    """
    try:
        raw = await registry.manifest(ref)
        read = _read(raw, ref)
        entries = read.attestations if isinstance(read, Index) else ()
        if not entries:
            images = [entry.digest for entry in read.images] if isinstance(read, Index) else []
            listed = await asyncio.gather(*(registry.referrers(ref, digest) for digest in (*images, raw.digest)))
            entries = tuple(entry for each in listed for entry in each)
        found = await asyncio.gather(*(_finished(registry, ref, entry) for entry in entries))
    except NotFoundError:
        return None
    return max((moment for moment in found if moment is not None), default=None)


async def _finished(registry: Registry, ref: Reference, entry: Descriptor) -> float | None:
    manifest = _read(await registry.manifest(ref.at(entry.digest)), ref)
    layers = manifest.layers if isinstance(manifest, Manifest) else ()
    statements = await asyncio.gather(
        *(
            registry.blob(ref, layer.digest, limit=_LARGEST_STATEMENT)
            for layer in layers
            if is_provenance(layer.annotations)
        )
    )
    return max((moment for each in statements if (moment := finished_at(each)) is not None), default=None)


async def _held(registry: Registry, tag: Reference) -> Held | None:
    try:
        raw = await registry.manifest(tag)
    except NotFoundError:
        return None  # gone since it was listed; or what no image and no index names, and so nothing that is staged
    return Held(tag.tag, raw.digest, frozenset(await _needs(registry, tag, raw)))


async def _needs(registry: Registry, ref: Reference, raw: RawManifest) -> set[Digest]:
    read = _read(raw, ref)
    entries = read.manifests if isinstance(read, Index) else tuple(filter(None, (read.subject,)))
    inner = (entry.digest for entry in entries if entry.media_type in INDEXES)
    return {entry.digest for entry in entries}.union(*await _of_nested(registry, ref, inner))


async def _of_nested(registry: Registry, ref: Reference, digests: Iterable[Digest]) -> list[set[Digest]]:
    async def needs(digest: Digest) -> set[Digest]:
        try:
            return await _needs(registry, ref, await registry.manifest(ref.at(digest)))
        except NotFoundError:
            return set()

    return await asyncio.gather(*map(needs, digests))


def _read(raw: RawManifest, ref: Reference) -> Index | Manifest:
    try:
        return raw.parse()
    except ValueError as error:
        raise RegistryError(
            f"{ref} can't be read: {error}", hint="nobody can tell what it needs, so nothing beside it is removed"
        ) from error
