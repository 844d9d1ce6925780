"""Reads each layer of the images once: from the registry while its bytes arrive, or from an earlier reading."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from bake_compiler.errors import RegistryError
from bake_compiler.layers.elf import Elf
from bake_compiler.layers.error import LayerCode, LayerError
from bake_compiler.layers.inflate import compression_of
from bake_compiler.layers.layer import Layer, LayerReader
from bake_compiler.layers.start import names
from bake_compiler.layers.tree import Tree
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import Descriptor, ImageConfig
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import Child
from bake_compiler.registry import Registry, WrongContentError, trouble_of
from bake_compiler.verbs.verify.layer_store import LayerStore
from bake_compiler.verify import UNCHECKED, Finding, Promise, Severity
from bake_compiler.verify.binaries import Deep, check_binaries
from bake_compiler.verify.manifests.size import CODE as SIZE

_HINTS = {
    LayerCode.UNREADABLE: "no engine can unpack it: build the image again, and push it with buildx",
    LayerCode.UNSAFE: "no honest build makes such a layer: find out who pushed it",
    LayerCode.OVER_LIMIT: "no honest image needs as much: find out who pushed it",
}
_CHUNK = 512 * 1024
_MOST_READERS = 3  # each may need 32 MiB for the window of zstd


class _Reading(NamedTuple):
    """The reading of a layer, finished or not, and its repository."""

    repository: str
    layer: asyncio.Future[Layer]


class LayerReaders:
    """Reads the layers of images and judges the binaries in them.

    Args:
        registry: the registry client.
        directory: keeps the result of each reading; a person may empty it at any time.
        slots: how many layers are read at once, up to three, so that memory has a limit.
    """

    def __init__(self, registry: Registry, directory: Path, slots: int = 2) -> None:
        self._registry = registry
        self._directory = directory
        self._readers = asyncio.Semaphore(min(slots, _MOST_READERS))
        self._judge = asyncio.Semaphore(1)
        self._read: dict[tuple[Digest, str], _Reading] = {}

    async def check(self, promise: Promise, at: Reference, image: Child) -> tuple[Mapping[str, int], Sequence[Finding]]:
        """Return machine → number of programs and libraries in one platform's image, and the findings about them.

        Layers that are already known to be missing or wrong are not read.
        """
        if not (image.manifest and image.config and image.platform) or any(piece.trouble for piece in image.pieces):
            return {}, ()
        if elsewhere := sum(layer.is_kept_elsewhere for layer in image.manifest.layers):
            return {}, [_kept_elsewhere(promise, image.platform, elsewhere)]
        asked = (self._layer(at, descriptor) for descriptor in image.manifest.layers)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        layers = [answer for answer in answers if isinstance(answer, Layer)]
        wrong = [
            finding
            for descriptor, answer in zip(image.manifest.layers, answers, strict=True)
            if (finding := _fault(promise, image.platform, descriptor, answer))
        ]
        if wrong:
            return {}, tuple(dict.fromkeys(wrong))  # a layer may occur twice
        async with self._judge:
            return await asyncio.to_thread(_judge, promise, image.platform, image.config, layers)

    async def _layer(self, at: Reference, descriptor: Descriptor) -> Layer:
        """Return the layer. It is read once for all images; if one repository fails, the next repository is asked."""
        key = descriptor.digest, descriptor.media_type
        while True:
            if key not in self._read:
                self._read[key] = _Reading(at.name, asyncio.ensure_future(self._stored_or_read(at, descriptor)))
            reading = self._read[key]
            try:
                return await asyncio.shield(reading.layer)
            except (LayerError, RegistryError):
                if reading.repository == at.name:
                    raise
                if self._read[key] is reading:
                    del self._read[key]

    async def _stored_or_read(self, at: Reference, descriptor: Descriptor) -> Layer:
        # a layer that was read as gzip says nothing about the same bytes as zstd
        store = LayerStore(self._directory / compression_of(descriptor.media_type).name.lower())
        if stored := await asyncio.to_thread(store.get, descriptor.digest):
            return stored
        async with self._readers:
            layer = await self._stream(at, descriptor)
        if layer.facts.digest != descriptor.digest:
            raise WrongContentError(
                f"its bytes are those of {layer.facts.digest}", hint="a damaged registry: push the image again"
            )
        with suppress(OSError):  # without the cache, the result is the same
            await asyncio.to_thread(store.put, layer)
        return layer

    async def _stream(self, at: Reference, descriptor: Descriptor) -> Layer:
        """Read the layer in a separate thread while the next bytes arrive."""
        reader = LayerReader(descriptor.media_type, algorithm=descriptor.digest.algorithm)
        async with self._registry.stream(at, descriptor.digest, size=descriptor.size) as pieces:
            async for chunk in _gathered(pieces):
                await asyncio.to_thread(reader.feed, chunk)
        return await asyncio.to_thread(reader.close)


async def _gathered(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield pieces of half a megabyte, since each piece costs a change of thread."""
    held = bytearray()
    async for piece in pieces:
        held += piece
        if len(held) >= _CHUNK:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


def _judge(
    promise: Promise, platform: Platform, config: ImageConfig, layers: Sequence[Layer]
) -> tuple[Mapping[str, int], Sequence[Finding]]:
    tree = Tree(names(config.config))
    try:
        for layer in layers:
            tree.apply(layer)
        deep = Deep(platform, config, tree, tuple(layer.facts for layer in layers))
        machines = Counter(file.binary.machine for _, file in tree.programs() if isinstance(file.binary, Elf))
        return machines, check_binaries(promise, deep)
    except LayerError as error:
        return {}, (Finding(promise.image, platform, error.code, error.message, _HINTS[error.code]),)


def _kept_elsewhere(promise: Promise, platform: Platform, layers: int) -> Finding:
    message = f"{layers} of its layers are kept elsewhere by their vendor: its binaries were not read"
    if platform.os == "windows":
        return Finding(promise.image, platform, UNCHECKED, message, "verify it without --deep", Severity.WARNING)
    return Finding(promise.image, platform, UNCHECKED, message, "only bases of Windows have such layers: push it again")


def _fault(
    promise: Promise, platform: Platform, descriptor: Descriptor, answer: Layer | BaseException
) -> Finding | None:
    """Return the finding for a layer that could not be read to its end, or has another size than its descriptor."""
    name = f"{descriptor.media_type} {descriptor.digest}"
    match answer:
        case Layer(facts=facts) if facts.size == descriptor.size:
            return None
        case Layer(facts=facts):
            message = f"{name} has {facts.size} bytes, its descriptor says {descriptor.size}"
            return Finding(promise.image, platform, SIZE, message, "push the image again")
        case LayerError():
            return Finding(promise.image, platform, answer.code, f"{name}: {answer.message}", _HINTS[answer.code])
        case RegistryError():
            trouble = trouble_of(answer)
            return Finding(promise.image, platform, trouble.kind, f"{name}: {trouble.message}", trouble.hint)
        case _:
            raise answer
