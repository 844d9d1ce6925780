"""Blobs that are read in pieces, as from another registry."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import Descriptor
from tests.fakes.images import LAYER


@dataclass
class Streamed:
    """A blob at its source.

    Attributes:
        content: all of it.
        piece: bytes at a time.
        reads: how many times somebody began to read it.
        told: bytes that went out, as whoever sends them tells.
    """

    content: bytes
    piece: int = 64 * 1024
    reads: int = 0
    told: int = field(default=0)

    @property
    def digest(self) -> Digest:
        return Digest.of(self.content)

    @property
    def descriptor(self) -> Descriptor:
        return Descriptor(media_type=LAYER, digest=self.digest, size=len(self.content))

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncIterator[bytes]]:
        """Begin to read it."""
        self.reads += 1
        yield self._pieces()

    async def _pieces(self) -> AsyncIterator[bytes]:
        for at in range(0, len(self.content), self.piece):
            yield self.content[at : at + self.piece]

    def on_bytes(self, number: int) -> None:
        """So many went out."""
        self.told += number
