"""Everything that a registry holds under one reference, gathered into one value for the checks."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Self

from bake_compiler.errors import NotFoundError, RegistryError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import INDEXES, Descriptor, ImageConfig, Index, Manifest
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import Child, Kind, Piece, RawManifest, Snapshot, Trouble
from bake_compiler.registry.client import Registry
from bake_compiler.registry.refusal import WrongContentError

_DEEPEST = 3
_LARGEST_CONFIG = 8 * 1024 * 1024
_KEPT_ELSEWHERE = (".foreign.", ".nondistributable.")


async def fetch_snapshot(registry: Registry, ref: Reference, *, fresh: bool = False) -> Snapshot:
    """What the registry holds under a reference: index, children, configs, and whether each layer is there.

    That nothing is there is recorded; and so is each piece that is missing, wrong or could not be asked for.

    Args:
        registry: whom to ask.
        ref: by tag or digest.
        fresh: it was pushed just now, so it may need a moment to be seen.

    Raises:
        RegistryError: the reference itself could not be asked for; AccessError: the registry would not say.
    """
    try:
        raw = await registry.manifest(ref, fresh=fresh)
    except NotFoundError as error:
        return Snapshot(ref, trouble=_trouble(error))
    try:
        parsed = raw.parse()
    except ValueError as error:
        return Snapshot(ref, raw, trouble=_malformed(error))
    visit = _Visit(registry, ref, fresh)
    if isinstance(parsed, Manifest):
        return Snapshot(ref, raw, manifest=parsed, children=(await visit.plain(raw, parsed),))
    branch = await visit.index(parsed, above=(raw.digest,))
    return Snapshot(ref, raw, index=parsed, nested=branch.nested, children=branch.children)


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
    fresh: bool
    sizes: dict[Digest, asyncio.Future[int | None]] = field(default_factory=dict)

    async def plain(self, raw: RawManifest, manifest: Manifest) -> Child:
        descriptor = Descriptor(media_type=raw.media_type, digest=raw.digest, size=len(raw.content))
        child = await self._filled(Piece(descriptor, len(raw.content)), manifest)
        platform = child.config.platform if child.config else None
        stated = descriptor.model_copy(update={"platform": platform})
        return replace(child, piece=replace(child.piece, descriptor=stated))

    async def index(self, index: Index, *pieces: Piece, above: tuple[Digest, ...]) -> _Branch:
        branches = await asyncio.gather(*(self._entry(entry, above) for entry in index.manifests))
        return _Branch.of(branches, *pieces)

    async def _entry(self, descriptor: Descriptor, above: tuple[Digest, ...]) -> _Branch:
        if descriptor.media_type in INDEXES:
            return await self._nested(descriptor, above)
        piece, manifest = await self._read(descriptor)
        child = await self._filled(piece, manifest) if isinstance(manifest, Manifest) else Child(piece)
        return _Branch(children=(child,))

    async def _nested(self, descriptor: Descriptor, above: tuple[Digest, ...]) -> _Branch:
        if descriptor.digest in above or len(above) > _DEEPEST:
            trouble = Trouble(Kind.MALFORMED, f"index {descriptor.digest} is nested too deep, or in itself")
            return _Branch((Piece(descriptor, trouble=trouble),))
        piece, index = await self._read(descriptor)
        if isinstance(index, Index):
            return await self.index(index, piece, above=(*above, descriptor.digest))
        return _Branch((piece,))

    async def _read(self, descriptor: Descriptor) -> tuple[Piece, Index | Manifest | None]:
        try:
            raw = await self.registry.manifest(self.ref.at(descriptor.digest), fresh=self.fresh)
        except RegistryError as error:
            return Piece(descriptor, trouble=_trouble(error)), None
        try:
            return Piece(descriptor, len(raw.content)), _parse_as(descriptor.media_type, raw)
        except ValueError as error:
            return Piece(descriptor, len(raw.content), _malformed(error)), None

    async def _filled(self, piece: Piece, manifest: Manifest) -> Child:
        layers = asyncio.gather(*map(self._blob, manifest.layers))
        if piece.descriptor.is_attestation:
            return Child(piece, manifest, parts=(await self._blob(manifest.config), *await layers))
        config_piece, config = await self._config(manifest.config)
        return Child(piece, manifest, config, (config_piece, *await layers))

    async def _config(self, descriptor: Descriptor) -> tuple[Piece, ImageConfig | None]:
        ask = self.registry.blob(self.ref, descriptor.digest, limit=_LARGEST_CONFIG, fresh=self.fresh)
        try:
            content = await ask
        except RegistryError as error:
            return Piece(descriptor, trouble=_trouble(error)), None
        try:
            return Piece(descriptor, len(content)), ImageConfig.read(content)
        except ValueError as error:
            return Piece(descriptor, len(content), _malformed(error)), None

    async def _blob(self, descriptor: Descriptor) -> Piece:
        if any(part in descriptor.media_type for part in _KEPT_ELSEWHERE):
            return Piece(descriptor)
        try:
            return Piece(descriptor, await self._size(descriptor.digest))
        except RegistryError as error:
            return Piece(descriptor, trouble=_trouble(error))

    def _size(self, digest: Digest) -> asyncio.Future[int | None]:
        """Asked once, however many images share the layer."""
        if digest not in self.sizes:
            self.sizes[digest] = asyncio.ensure_future(self.registry.blob_size(self.ref, digest, fresh=self.fresh))
        return self.sizes[digest]


def _parse_as(media_type: str, raw: RawManifest) -> Index | Manifest:
    if raw.media_type != media_type:
        raise ValueError(f"its entry says {media_type!r}, it came as {raw.media_type!r}")
    return raw.parse()


def _trouble(error: RegistryError) -> Trouble:
    kinds = ((NotFoundError, Kind.MISSING), (WrongContentError, Kind.WRONG))
    kind = next((kind for type_, kind in kinds if isinstance(error, type_)), Kind.UNCHECKED)
    return Trouble(kind, error.message, error.hint)


def _malformed(error: ValueError) -> Trouble:
    return Trouble(Kind.MALFORMED, str(error), "rebuild and push it with buildx")
