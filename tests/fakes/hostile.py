"""A server on loopback that sends whatever bytes it is told, sound or not."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

Script = Callable[[], AsyncIterator[bytes]]
"""What is sent after each request; the connection ends with it."""


@asynccontextmanager
async def hostile(script: Script) -> AsyncIterator[str]:
    """Answer each request by a script; gives `127.0.0.1:PORT`."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            async for piece in script():
                writer.write(piece)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.ensure_future(answer(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
