"""Reads a repository: its tags, the manifests that each tag needs, and when an image was built."""

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
    """Return every tag of a repository with all digests that the tag needs. A tag without a manifest is left out.

    Raises:
        RegistryError: a part of the repository could not be read, so it is unknown which manifests are needed.
    """
    names = await registry.tags(repository)
    found = await asyncio.gather(*(_held(registry, repository.tagged(name)) for name in names))
    return tuple(held for held in found if held)


async def built_at(registry: Registry, ref: Reference) -> float | None:
    """Return when an image was built, in seconds since the epoch, or None if its provenance has no time.

    An index has a provenance for each platform. The latest time counts.

    Args:
        registry: the registry client.
        ref: the image, by tag or digest.

    Raises:
        RegistryError: the registry did not answer the question.
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
        return None  # the tag was removed after it was listed
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
            f"{ref} can't be read: {error}",
            hint="bakec does not know which manifests it needs, so it removes nothing in this repository",
        ) from error
