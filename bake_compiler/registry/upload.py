"""Sends a blob to a repository as a stream. The digest is checked before the last piece is sent."""

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from enum import StrEnum
from typing import TypeAlias
from urllib.parse import quote

from bake_compiler.errors import RegistryError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import Descriptor
from bake_compiler.registry.address import join_url, may_follow, same_host, same_place, shown
from bake_compiler.registry.ask import Answer, Ask
from bake_compiler.registry.refusal import WrongContentError, request_words, short_words

OpenBlob: TypeAlias = Callable[[], AbstractAsyncContextManager[AsyncIterator[bytes]]]
"""Starts reading a blob, from its first byte."""


class Arrival(StrEnum):
    """How a blob got into a repository."""

    PRESENT = "present"
    MOUNTED = "mounted"
    SENT = "sent"


class Sending:
    """The bytes of a blob while they are sent, one piece after the other.

    Args:
        descriptor: the digest and size that the blob must have.
        read: starts reading the blob.
        on_bytes: gets the number of bytes after each piece that was sent.

    Attributes:
        error: why the source could not be read, if so. The network reports only that the sending ended.
        sent: the number of sent bytes.
    """

    def __init__(self, descriptor: Descriptor, read: OpenBlob, on_bytes: Callable[[int], None]) -> None:
        self.error: RegistryError | None = None
        self.sent = 0
        self._descriptor = descriptor
        self._read = read
        self._on_bytes = on_bytes

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Yield the whole blob from its beginning.

        Raises:
            WrongContentError: the bytes have another digest. The last piece was not sent, so no registry accepts them.
            RegistryError: the source could not be read to its end.
        """
        self._told(-self.sent)  # if a registry first wants other credentials, the blob is sent twice
        try:
            async for piece in self._checked():
                yield piece
                self._told(len(piece))
        except RegistryError as error:
            self.error = error
            raise

    async def _checked(self) -> AsyncGenerator[bytes, None]:
        wanted = self._descriptor.digest
        content, size, held = hashlib.new(wanted.algorithm), 0, b""
        async with self._read() as pieces:
            async for piece in pieces:
                if held:
                    yield held
                held, size = piece, size + len(piece)
                content.update(piece)
        found = Digest(wanted.algorithm, content.hexdigest())
        if found != wanted or size != self._descriptor.size:
            raise WrongContentError(
                f"wrong bytes: {size} of {found} in place of {self._descriptor.size} of {wanted}",
                hint="the source, or a proxy in between, is damaged: do not use this content",
            )
        if held:
            yield held

    def _told(self, number: int) -> None:
        self.sent += number
        if number:
            self._on_bytes(number)


def finishing(begun: Answer, descriptor: Descriptor, sending: Sending) -> Ask:
    """Return the question that sends a whole blob to a begun upload, and ends the upload.

    Source: distribution-spec v1.1, "POST then PUT". BuildKit pushes in the same way.

    Raises:
        RegistryError: the registry names no address for the upload, or one that is not allowed.
    """
    ask = begun.ask
    location = begun.headers.get("Location", "")
    try:
        url = join_url(ask.url, location)
        allowed = bool(location) and may_follow(ask.url, url)
    except ValueError:
        url, allowed = location, False
    if not allowed:
        raise RegistryError(
            f"{request_words(ask)}: sends uploads to {short_words(shown(url)) if location else 'nowhere'}",
            hint="behind a proxy a registry must know its own address: see `http.host` of distribution",
        )
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(descriptor.size)}
    return replace(
        ask,
        method="PUT",
        url=f"{url}{'&' if '?' in url else '?'}digest={quote(str(descriptor.digest), safe='')}",
        headers=headers,
        content=sending.pieces,
        scope=ask.scope if same_place(ask.url, url) else "",
        onward=not same_host(ask.url, url),
    )
