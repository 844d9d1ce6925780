"""Copies an image from one repository to another: blobs, then manifests, then the index. It writes no tag."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from bake_compiler.errors import NotFoundError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import Descriptor
from bake_compiler.oci.reference import Reference
from bake_compiler.registry import Arrival, Registry, WrongContentError
from bake_compiler.system.tasks import together
from bake_compiler.verbs.mirror.vendor import VendorTree


@dataclass
class Tally:
    """What was copied for one image.

    Attributes:
        sent, mounted, present: the blobs that were sent, mounted from another repository, or already there.
        size: the bytes of the sent blobs.
        manifests: the manifests and indexes that were written.
    """

    sent: int = 0
    mounted: int = 0
    present: int = 0
    size: int = 0
    manifests: int = 0

    def count(self, arrival: Arrival, size: int) -> None:
        """Count one more blob of `size` bytes."""
        self.sent += arrival is Arrival.SENT
        self.mounted += arrival is Arrival.MOUNTED
        self.present += arrival is Arrival.PRESENT
        self.size += size if arrival is Arrival.SENT else 0

    @property
    def is_nothing(self) -> bool:
        """Whether everything was already there."""
        return not (self.sent or self.mounted or self.manifests)


@dataclass
class Copier:
    """Copies images. A blob that several images share is copied once.

    Attributes:
        registry: the registry client.
        slots: how many blobs are sent at once.
        on_bytes: gets the number of bytes after each piece that was sent.
    """

    registry: Registry
    slots: int = 4
    on_bytes: Callable[[int], None] = lambda _: None
    _locks: dict[tuple[str, Digest], asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    _near: dict[tuple[str, Digest], Reference] = field(default_factory=dict)
    _done: set[tuple[str, Digest]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._free = asyncio.Semaphore(self.slots)

    async def copy(self, tree: VendorTree, to: Reference, tally: Tally) -> None:
        """Copy an image to a repository, without a tag. The parts of a manifest go before the manifest.

        Raises:
            RegistryError: a part could not be read or written. The parts that arrived stay, and are not sent again.
        """
        async with together() as group:
            for child in tree.children:
                group.create_task(self.copy(child, to, tally))
            for part in tree.parts:
                group.create_task(self._blob(part, tree.at, to, tally))
        if not await self.has(tree, to):
            await self.registry.put_manifest(to.at(tree.raw.digest), tree.raw)
            tally.manifests += 1

    async def has(self, tree: VendorTree, to: Reference) -> bool:
        """Whether a repository has exactly this manifest.

        Raises:
            RegistryError: the registry did not answer.
        """
        try:
            return (
                await self.registry.manifest(to.at(tree.raw.digest), pushing=True)
            ).media_type == tree.raw.media_type
        except (NotFoundError, WrongContentError):
            return False

    async def missing(self, tree: VendorTree, to: Reference) -> Tally:
        """Return what would be sent to a repository.

        Raises:
            RegistryError: the registry did not answer.
        """
        every = tuple(tree.all())
        blobs = {part.digest: part for each in every for part in each.parts if not part.is_kept_elsewhere}
        there = await asyncio.gather(*(self._is_there(part, to) for part in blobs.values()))
        written = await asyncio.gather(*(self.has(each, to) for each in every))
        tally = Tally(manifests=written.count(False))
        for part, known in zip(blobs.values(), there, strict=True):
            tally.count(Arrival.PRESENT if known else Arrival.SENT, part.size)
        return tally

    async def _is_there(self, part: Descriptor, to: Reference) -> bool:
        try:
            return await self.registry.blob_size(to, part.digest, pushing=True) in {None, part.size}
        except NotFoundError:
            return False

    async def _blob(self, part: Descriptor, source: Reference, to: Reference, tally: Tally) -> None:
        """Copy a blob, one at a time for each registry: the next image that needs the same blob can mount it."""
        if part.is_kept_elsewhere:
            return
        async with self._locks[to.registry, part.digest]:
            if (to.name, part.digest) in self._done:
                return
            async with self._free:
                arrival = await self._push(part, source, to)
            self._done.add((to.name, part.digest))
            self._near.setdefault((to.registry, part.digest), to)
            tally.count(arrival, part.size)

    async def _push(self, part: Descriptor, source: Reference, to: Reference) -> Arrival:
        same = source.registry == to.registry and source.repository != to.repository
        near = self._near.get((to.registry, part.digest), source if same else None)
        read = partial(self.registry.stream, source, part.digest, size=part.size)
        try:
            return await self.registry.push_blob(to, part, read, near=near, on_bytes=self.on_bytes)
        except WrongContentError as error:
            raise WrongContentError(f"{source.name}: {error.message}", hint=error.hint) from error
