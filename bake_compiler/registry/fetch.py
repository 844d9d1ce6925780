"""Reads everything that a registry holds under one reference into one value for the checks."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Self, TypeVar

from bake_compiler.errors import NotFoundError, RegistryError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import INDEXES, Descriptor, ImageConfig, Index, Manifest
from bake_compiler.oci.provenance import Provenance, is_provenance
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import Child, Piece, Snapshot, Tag, Trouble, TroubleKind
from bake_compiler.registry.client import Registry
from bake_compiler.registry.refusal import LimitError, WrongContentError

_DEEPEST = 3
_MOST_ENTRIES = 1000  # of all indexes under a reference
_MOST_LAYERS = 1000  # of one image; overlayfs takes 128
_MOST_PARTS = 20_000  # of all images under a reference
_LARGEST_CONFIG = 8 * 1024 * 1024
_LARGEST_STATEMENT = 16 * 1024 * 1024  # provenance of mode max holds all sources of a build

_Read = TypeVar("_Read")


async def fetch_snapshot(
    registry: Registry, ref: Reference, *, tags: Iterable[Reference] = (), provenance: bool = False, fresh: bool = False
) -> Snapshot:
    """Return what a registry holds under a reference: index, children, configs, and whether each layer exists.

    This function raises nothing. Content that is missing, wrong or unanswered is recorded in its place.

    Args:
        registry: the registry client.
        ref: the image, by tag or digest.
        tags: the image's other tags; only their digests are read.
        provenance: read the provenance of each image, in the index or beside it.
        fresh: whether the image was just pushed, so that the registry may show it some seconds later.
    """
    visit = _Visit(registry, ref, provenance, fresh)
    others = asyncio.gather(*map(visit.tag, tags))
    snapshot = await visit.snapshot()
    return replace(snapshot, tags=tuple(await others))


@dataclass(frozen=True)
class _Branch:
    nested: tuple[Piece, ...] = ()
    children: tuple[Child, ...] = ()

    @classmethod
    def of(cls, branches: Iterable["_Branch"], *above: Piece) -> Self:
        every = tuple(branches)
        nested = tuple(piece for branch in every for piece in branch.nested)
        return cls((*above, *nested), tuple(child for branch in every for child in branch.children))


@dataclass
class _Visit:
    registry: Registry
    ref: Reference
    provenance: bool
    fresh: bool
    sizes: dict[Digest, asyncio.Future[int | None]] = field(default_factory=dict)
    entries: int = 0
    parts: int = 0
    unlisted: Trouble | None = None

    async def snapshot(self) -> Snapshot:
        try:
            raw = await self.registry.manifest(self.ref, fresh=self.fresh)
        except RegistryError as error:
            return Snapshot(self.ref, trouble=trouble_of(error))
        try:
            parsed = raw.parse()
        except ValueError as error:
            return Snapshot(self.ref, raw, trouble=_malformed(error))
        if isinstance(parsed, Index):
            branch = await self.index(parsed, depth=1)
            found = Snapshot(self.ref, raw, index=parsed, nested=branch.nested, children=branch.children)
        else:
            own = Descriptor(media_type=raw.media_type, digest=raw.digest, size=len(raw.content))
            child = await self._filled(Piece(own, len(raw.content)), parsed)
            stated = own.model_copy(update={"platform": child.config.platform if child.config else None})
            child = replace(child, piece=replace(child.piece, descriptor=stated))
            found = Snapshot(self.ref, raw, manifest=parsed, children=(child,))
        if not self.provenance:
            return found
        return replace(found, artifacts=await self._artifacts(found), unlisted=self.unlisted)

    async def tag(self, tag: Reference) -> Tag:
        try:
            return Tag(tag, (await self.registry.manifest(tag, fresh=self.fresh)).digest)
        except RegistryError as error:
            return Tag(tag, trouble=trouble_of(error))

    async def index(self, index: Index, *pieces: Piece, depth: int) -> _Branch:
        self.entries += len(index.manifests)
        if self.entries > _MOST_ENTRIES:
            too_many = _over_limit(f"more than {_MOST_ENTRIES} entries")
            return _Branch.of((), *pieces, *(Piece(entry, trouble=too_many) for entry in index.manifests[:1]))
        branches = await asyncio.gather(*(self._entry(entry, depth) for entry in index.manifests))
        return _Branch.of(branches, *pieces)

    async def _entry(self, descriptor: Descriptor, depth: int) -> _Branch:
        if descriptor.media_type in INDEXES:
            return await self._nested(descriptor, depth)
        return _Branch(children=(await self._child(descriptor),))

    async def _child(self, descriptor: Descriptor) -> Child:
        piece, manifest = await self._read(descriptor)
        return await self._filled(piece, manifest) if isinstance(manifest, Manifest) else Child(piece)

    async def _nested(self, descriptor: Descriptor, depth: int) -> _Branch:
        if depth > _DEEPEST:  # none leads to itself for ever: its bytes would have to hold their own digest
            trouble = Trouble(TroubleKind.MALFORMED, "it is nested too deep", "push an index of images")
            return _Branch((Piece(descriptor, trouble=trouble),))
        piece, index = await self._read(descriptor)
        if isinstance(index, Index):
            return await self.index(index, piece, depth=depth + 1)
        return _Branch((piece,))

    async def _read(self, descriptor: Descriptor) -> tuple[Piece, Index | Manifest | None]:
        try:
            raw = await self.registry.manifest(self.ref.at(descriptor.digest), fresh=self.fresh)
        except RegistryError as error:
            return Piece(descriptor, trouble=trouble_of(error)), None
        try:
            if raw.media_type != descriptor.media_type:
                raise ValueError(f"its entry says {descriptor.media_type!r}, it came as {raw.media_type!r}")  # noqa: TRY301
            return Piece(descriptor, len(raw.content)), raw.parse()
        except ValueError as error:
            return Piece(descriptor, len(raw.content), _malformed(error)), None

    async def _filled(self, piece: Piece, manifest: Manifest) -> Child:
        layers = manifest.layers
        self.parts += len(layers)
        if len(layers) > _MOST_LAYERS:
            return Child(replace(piece, trouble=_over_limit(f"more than {_MOST_LAYERS} layers")), manifest)
        if self.parts > _MOST_PARTS:
            return Child(replace(piece, trouble=_over_limit(f"more than {_MOST_PARTS} layers in all")), manifest)
        if piece.descriptor.is_attestation:
            return await self._statements(piece, manifest)
        (config_piece, config), parts = await asyncio.gather(self._config(manifest.config), self._blobs(layers))
        return Child(piece, manifest, config, (config_piece, *parts))

    async def _config(self, descriptor: Descriptor) -> tuple[Piece, ImageConfig | None]:
        return await self._document(descriptor, _LARGEST_CONFIG, ImageConfig.read)

    async def _attested(self, descriptor: Descriptor) -> tuple[Piece, Provenance | None]:
        """Return a part of an attestation. It is read if it is provenance and provenance was asked for."""
        if self.provenance and is_provenance(descriptor.annotations):
            return await self._document(descriptor, _LARGEST_STATEMENT, Provenance.read)
        return await self._blob(descriptor), None

    async def _document(
        self, descriptor: Descriptor, limit: int, parse: Callable[[bytes], _Read]
    ) -> tuple[Piece, _Read | None]:
        try:
            content = await self.registry.blob(self.ref, descriptor.digest, limit=limit, fresh=self.fresh)
        except RegistryError as error:
            return Piece(descriptor, trouble=trouble_of(error)), None
        try:
            return Piece(descriptor, len(content)), parse(content)
        except ValueError as error:
            return Piece(descriptor, len(content), _malformed(error)), None

    async def _artifacts(self, found: Snapshot) -> tuple[Child, ...]:
        """Return attestations beside the index, for images that have no attestation in the index."""
        attested = {child.subject for child in found.attestations}
        digests = [child.descriptor.digest for child in found.images if child.descriptor.digest not in attested]
        if found.index and found.raw and digests:
            digests.append(found.raw.digest)
        listed = await asyncio.gather(*map(self._referrers, digests))
        entries = {entry.digest: entry for entries in listed for entry in entries}
        artifacts = await asyncio.gather(*map(self._artifact, list(entries.values())[:_MOST_ENTRIES]))
        return tuple(artifact for artifact in artifacts if artifact)

    async def _artifact(self, entry: Descriptor) -> Child | None:
        """Return an attestation that refers to an image; None if it is not provenance: nobody promises other kinds."""
        piece, manifest = await self._read(entry)
        if piece.trouble:
            return None if piece.trouble.kind is TroubleKind.MISSING else Child(piece)
        if not isinstance(manifest, Manifest) or not any(is_provenance(layer.annotations) for layer in manifest.layers):
            return None
        return await self._statements(piece, manifest)

    async def _statements(self, piece: Piece, manifest: Manifest) -> Child:
        """Return an attestation with all of its parts."""
        attested = await asyncio.gather(*map(self._attested, (manifest.config, *manifest.layers[:_MOST_LAYERS])))
        statements = tuple(statement for _, statement in attested if statement)
        return Child(piece, manifest, None, tuple(part for part, _ in attested), statements)

    async def _referrers(self, digest: Digest) -> tuple[Descriptor, ...]:
        try:
            return await self.registry.referrers(self.ref, digest)
        except RegistryError as error:
            self.unlisted = trouble_of(error)
            return ()

    async def _blobs(self, descriptors: Sequence[Descriptor]) -> Sequence[Piece]:
        return await asyncio.gather(*map(self._blob, descriptors))

    async def _blob(self, descriptor: Descriptor) -> Piece:
        if descriptor.is_kept_elsewhere:
            return Piece(descriptor)
        try:
            return Piece(descriptor, await self._size(descriptor.digest))
        except RegistryError as error:
            return Piece(descriptor, trouble=trouble_of(error))

    def _size(self, digest: Digest) -> Awaitable[int | None]:
        """Return the size of a blob. Each blob is asked for once, also if several images share it."""
        if digest not in self.sizes:
            self.sizes[digest] = asyncio.ensure_future(self.registry.blob_size(self.ref, digest, fresh=self.fresh))
        return self.sizes[digest]


def _over_limit(what: str) -> Trouble:
    return Trouble(TroubleKind.OVER_LIMIT, what, "no image needs as many: find out who pushed it")


def trouble_of(error: RegistryError) -> Trouble:
    """Return what an error proves about the content that was asked for."""
    kinds = (
        (NotFoundError, TroubleKind.MISSING),
        (WrongContentError, TroubleKind.WRONG),
        (LimitError, TroubleKind.OVER_LIMIT),
    )
    kind = next((kind for type_, kind in kinds if isinstance(error, type_)), TroubleKind.UNCHECKED)
    return Trouble(kind, error.message, error.hint)


def _malformed(error: ValueError) -> Trouble:
    return Trouble(TroubleKind.MALFORMED, str(error), "rebuild and push it with buildx")
