"""Tests whether a registry can remove a tag and keep its manifest. The test uses a manifest of its own.

All registries remove a manifest by its digest, together with every tag that names the manifest. Some registries remove
a tag alone (distribution-spec v1.1, "Deleting tags"). Some refuse, and a few remove the manifest with the tag.
"""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from secrets import token_hex

from bake_compiler.errors import NotFoundError, RegistryError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import OCI_INDEX, Index
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import RawManifest
from bake_compiler.registry import Registry
from bake_compiler.staged.stale import PROBE

_MARK = "bakec.probe"
_WITH_ALL = "the registry removes a manifest with all of its tags, never a tag alone"


@dataclass
class Probe:
    """Asks each registry once, in the first repository that needs the answer.

    The probe pushes an empty index under a tag of its own. The tag's name contains the time. If the registry does not
    remove the tag again, the next `bakec clean` finds it.
    """

    registry: Registry
    clock: Callable[[], float] = time.time
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _found: dict[str, str] = field(default_factory=dict)

    async def why_not(self, repository: Reference) -> str:
        """Return why the registry can't remove a tag alone; empty if it can.

        Raises:
            RegistryError: the registry did not answer, or it refuses to push or to remove.
        """
        async with self._lock:
            if repository.registry not in self._found:
                self._found[repository.registry] = await self._ask(repository)
            return self._found[repository.registry]

    async def _ask(self, repository: Reference) -> str:
        for name in await self.registry.tags(repository):
            if name.startswith(PROBE):  # of an earlier probe; if it can't be removed, no second probe is pushed
                await self._tidy_earlier(repository.tagged(name))
        raw = _nothing()
        moment = time.strftime("%Y%m%dT%H%M%S", time.gmtime(self.clock()))
        tag = repository.tagged(f"{PROBE}{moment}-{token_hex(3)}")
        await self.registry.put_manifest(tag, raw)
        try:
            removed = await self.registry.delete(tag)
            alone = removed and not await self._is_there(tag) and await self._is_there(tag.at(raw.digest))
        finally:
            await self._tidy(tag, raw.digest)
        return "" if alone else _WITH_ALL

    async def _tidy_earlier(self, tag: Reference) -> None:
        """Remove the index of an earlier probe. The tag's name is no proof: someone may have given it to an image."""
        try:
            raw = await self.registry.manifest(tag)
        except NotFoundError:
            return
        if _is_probe(raw):
            await self._tidy(tag, raw.digest)

    async def _tidy(self, tag: Reference, digest: Digest) -> None:
        why = "the registry removes nothing"
        try:
            await self.registry.delete(tag.at(digest))
            if not await self._is_there(tag):
                return
        except NotFoundError:
            return
        except RegistryError as error:
            why = error.message
        raise RegistryError(
            f"bakec pushed {tag} to test whether a tag can be removed alone, and can't remove it: {why}",
            hint="ask the registry's owner to allow deletion (distribution: storage.delete.enabled)",
        )

    async def _is_there(self, ref: Reference) -> bool:
        try:
            await self.registry.manifest(ref)
        except NotFoundError:
            return False
        return True


def _is_probe(raw: RawManifest) -> bool:
    try:
        read = raw.parse()
    except ValueError:
        return False
    return isinstance(read, Index) and not read.manifests and _MARK in read.annotations


def _nothing() -> RawManifest:
    """Return an empty index with a digest that no other manifest has."""
    said = {"org.opencontainers.image.title": "bakec clean: may be removed", _MARK: token_hex(16)}
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [], "annotations": said}
    content = json.dumps(document, separators=(",", ":")).encode()
    return RawManifest(OCI_INDEX, Digest.of(content), content)
