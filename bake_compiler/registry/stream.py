"""Reads a blob in pieces. A cut connection continues where it was cut. A blob too long or too slow is refused."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace

from bake_compiler.errors import RegistryError
from bake_compiler.registry.ask import Ask, RegistryLimits
from bake_compiler.registry.refusal import LimitError, RefusedError, from_no_answer, request_words
from bake_compiler.registry.retry import Retry
from bake_compiler.registry.transport import NoAnswerError, Response

_SMALLEST = 64 * 1024
_PROGRESS = 1024 * 1024  # after this many bytes on one connection, the time to retry starts again
_PARTIAL = 206

Open = Callable[[Ask], Awaitable[Response]]


async def stream(open_: Open, ask: Ask, size: int, retry: Retry, limits: RegistryLimits) -> AsyncGenerator[bytes, None]:
    """Yield the bytes of a blob in pieces of at least 64 KiB; the last piece may be shorter.

    Args:
        open_: sends a question once.
        ask: the question for the blob.
        size: the largest size of the blob, in bytes.
        retry: when to ask again after a cut.
        limits: the lowest rate.

    Raises:
        RegistryError: the blob could not be read to its end; LimitError: the blob is too long or too slow.
    """
    pace = _Pace(ask, retry.clock, limits)
    patience = retry.patience()
    got = 0
    while True:
        start = got
        try:
            async with aclosing(_rest(open_, ask, got, pace)) as chunks:
                async for chunk in chunks:
                    got += len(chunk)
                    if got > size:
                        raise LimitError(
                            f"{request_words(ask)}: more than its {size} bytes",
                            hint="the registry, or a proxy in between, is damaged: do not use this content",
                        )
                    yield chunk
        except RefusedError as refused:
            if got == size and refused.transient:
                return
            if got - start >= _PROGRESS:
                patience = retry.patience()
            if not (refused.transient and await patience.pause(refused.pause)):
                raise refused.error from refused.error.__cause__
        else:
            return


class _Pace:
    """Measures the time spent waiting for bytes, without the time that the reader of the bytes needs."""

    def __init__(self, ask: Ask, clock: Callable[[], float], limits: RegistryLimits) -> None:
        self._ask = ask
        self._clock = clock
        self._limits = limits
        self._waited = 0.0
        self._bytes = 0

    async def next(self, response: Response) -> bytes:
        limits = self._limits
        since = self._clock()
        chunk = await response.read()
        self._waited += self._clock() - since
        self._bytes += len(chunk)
        if self._waited > limits.grace and self._bytes < limits.rate * self._waited:
            raise LimitError(
                f"{request_words(self._ask)}: slower than {limits.rate} bytes a second",
                hint="the registry, or a proxy before it, is slow",
            )
        return chunk


async def _rest(open_: Open, ask: Ask, start: int, pace: _Pace) -> AsyncGenerator[bytes, None]:
    """Yield the bytes after the first `start` bytes, from one connection."""
    headers = {**ask.headers, "Range": f"bytes={start}-"} if start else ask.headers
    response = await open_(replace(ask, headers=headers))
    try:
        skip = start
        if response.status == _PARTIAL:
            _check_range(ask, response, start)
            skip = 0
        held = bytearray()
        cut: NoAnswerError | None = None
        try:
            while chunk := await pace.next(response):
                fresh = chunk[skip:] if skip else chunk
                skip -= len(chunk) - len(fresh)
                if not held and len(fresh) >= _SMALLEST:
                    yield fresh
                    continue
                held += fresh
                if len(held) >= _SMALLEST:
                    yield bytes(held)
                    held.clear()
        except NoAnswerError as error:
            cut = error
        if held:
            yield bytes(held)
        if cut:
            raise from_no_answer(cut, ask) from cut
    finally:
        await response.close()


def _check_range(ask: Ask, response: Response, start: int) -> None:
    stated = response.headers.get("Content-Range", "")
    if not stated.replace(" ", "").lower().startswith(f"bytes{start}-"):
        raise RegistryError(
            f"{request_words(ask)}: bakec asked for the bytes after {start}, and got another part",
            hint="the registry, or a proxy in between, is damaged: do not use this content",
        )
