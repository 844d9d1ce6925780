"""A proxy on loopback that makes a near registry a far one, and counts what passes."""

import asyncio
import socket
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Self, cast

_REQUEST = b" HTTP/1.1\r\n"  # the end of each request's first line


class Latency:
    """A context in which a registry is also served from afar.

    Each byte is delayed by half of a round trip, each way, in order. Connections last as long as both ends keep them;
    to make one takes no time here, as it would elsewhere.

    Attributes:
        address: where it listens, HOST:PORT.
        connections, requests: how many there were.
    """

    def __init__(self, registry: str, round_trip: float) -> None:
        """A proxy before a registry, HOST:PORT, that adds so many seconds."""
        self.connections = 0
        self.requests = 0
        self._registry = registry.rpartition(":")
        self._half = round_trip / 2
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._listener.setblocking(False)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"

        self._loop = asyncio.new_event_loop()
        self._serving = self._loop.create_task(self._serve())
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._serving.cancel)
        self._thread.join()

    def _run(self) -> None:
        with suppress(asyncio.CancelledError), self._listener:
            self._loop.run_until_complete(self._serving)
        self._loop.close()

    async def _serve(self) -> None:
        while True:
            accepted, _ = await self._loop.sock_accept(self._listener)
            await self._join(accepted)

    async def _join(self, accepted: socket.socket) -> None:
        host, _, port = self._registry
        near, far = _End(self._half, self._count), _End(self._half, lambda _: None)
        near.other, far.other = far, near
        self.connections += 1
        await self._loop.create_connection(lambda: far, host, int(port))
        await self._loop.connect_accepted_socket(lambda: near, accepted)

    def _count(self, data: bytes) -> None:
        self.requests += data.count(_REQUEST)


class _End(asyncio.Protocol):
    """One end of a connection: what comes in at it leaves by the other, later."""

    def __init__(self, half: float, count: Callable[[bytes], None]) -> None:
        self.other = self
        self._half = half
        self._count = count
        self._under_way: deque[bytes] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._count(data)
        self._send(data)

    def connection_lost(self, _: Exception | None) -> None:
        self._send(b"")

    def _send(self, data: bytes) -> None:
        self._under_way.append(data)
        asyncio.get_running_loop().call_later(self._half, self._arrive)

    def _arrive(self) -> None:
        """The oldest arrives: its own turn, not that of one timer, which may come before another of the same time."""
        data = self._under_way.popleft()
        if data:
            self.other.transport.write(data)
        else:
            self.other.transport.close()
