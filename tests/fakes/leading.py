"""A port that leads elsewhere: to another port or a socket of this machine, with TLS before it where that is given."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Thread

from tests.fakes.certificates import Pair


@contextmanager
def leading(to: str | Path, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Listen on a port of `host` and lead `to` HOST:PORT, or the path of a socket; gives `host:PORT`."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        listening = asyncio.start_server(lambda reader, writer: _lead(to, reader, writer), host, 0, ssl=tls)
        server = asyncio.run_coroutine_threadsafe(listening, loop).result()
        yield f"{host}:{server.sockets[0].getsockname()[1]}"
        asyncio.run_coroutine_threadsafe(_end(server), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def grpc_tls(server: Pair, clients: Path) -> ssl.SSLContext:
    """TLS as a BuildKit daemon has it: HTTP/2, for clients that show a certificate of an authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.certificate, server.key)
    context.load_verify_locations(clients)
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])
    return context


async def _lead(to: str | Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError), closing(writer):
        back, there = await _open(to)
        await asyncio.gather(_copy(reader, there), _copy(back, writer))


async def _open(to: str | Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if isinstance(to, Path):
        return await asyncio.open_unix_connection(to)
    return await asyncio.open_connection(*to.split(":"))


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """All that comes, until one of them is gone; then both are."""
    try:
        while piece := await source.read(65536):
            target.write(piece)
            await target.drain()
    finally:
        target.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
