"""Sends one question and reads its answer, with authorization, allowed redirects and limits."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from typing import Protocol

from bake_compiler.errors import RegistryError
from bake_compiler.registry.address import join_url, may_follow, same_host, same_place, shown
from bake_compiler.registry.ask import LONGEST_ERROR, Answer, Ask, RegistryLimits
from bake_compiler.registry.refusal import (
    LimitError,
    from_answer,
    from_no_answer,
    refusal_of,
    request_words,
    short_words,
)
from bake_compiler.registry.transport import NoAnswerError, Reason, Request, Response, Transport

_UNAUTHORIZED = 401
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_FINE = range(200, 300)
_READABLE = frozenset({200, 206})


@dataclass(frozen=True, slots=True)
class Authorization:
    """The value of an `Authorization` header.

    Attributes:
        anonymous: whether the token was given without credentials.
    """

    header: str = field(repr=False)
    anonymous: bool = False


class Authorizer(Protocol):
    """A source of authorizations."""

    async def authorization(self, ask: Ask) -> Authorization | None:
        """Return the authorization for the first attempt; None: send none."""

    async def renewed(self, ask: Ask, sent: Authorization | None, headers: Mapping[str, str]) -> Authorization | None:
        """Return the authorization after a 401 with these headers; None if there is no better one."""


class Exchange:
    """Asks once, without retries.

    Args:
        transport: the network.
        authorizer: adds credentials, which go only to the registry itself and never to a redirect's target.
        limits: the limits of time.
    """

    def __init__(self, transport: Transport, authorizer: Authorizer | None, limits: RegistryLimits) -> None:
        self._transport = transport
        self._authorizer = authorizer
        self._limits = limits

    async def ask(self, ask: Ask, seconds: float | None = None) -> Answer:
        """Return the whole answer.

        Raises:
            RefusedError: there was no answer, or the answer is a refusal.
            LimitError: the answer is too large or too slow; RegistryError: a redirect is not allowed.
        """
        patience = seconds or self._limits.seconds
        try:
            async with asyncio.timeout(patience) as timer:
                response, anonymous = await self._open(_paced(ask, timer, self._limits))
                try:
                    content = await _read(response, ask)
                finally:
                    await response.close()
        except TimeoutError as error:
            raise LimitError(
                f"{request_words(ask)}: no complete answer within {patience:g} s",
                hint="the registry, or a proxy before it, is slow or unreachable",
            ) from error
        except NoAnswerError as error:
            raise from_no_answer(error, ask) from error
        answer = Answer(ask, response.status, response.headers, content, anonymous)
        if refused := from_answer(answer):
            raise refused
        return answer

    async def open(self, ask: Ask) -> Response:
        """Return a 200 or 206. The caller reads and closes its body.

        Raises:
            The same errors as `ask`.
        """
        try:
            async with asyncio.timeout(self._limits.seconds):
                response, anonymous = await self._open(ask)
                if response.status in _READABLE:
                    return response
                try:
                    content = await _read(response, ask)
                finally:
                    await response.close()
        except TimeoutError as error:
            raise from_no_answer(NoAnswerError(Reason.TIMEOUT), ask) from error
        except NoAnswerError as error:
            raise from_no_answer(error, ask) from error
        raise refusal_of(Answer(ask, response.status, response.headers, content, anonymous))

    async def _open(self, ask: Ask) -> tuple[Response, bool]:
        """Return the response, and whether the request was anonymous."""
        authorizer = self._authorizer
        sent = await authorizer.authorization(ask) if authorizer else None
        response = await self._follow(ask, sent)
        if response.status == _UNAUTHORIZED and authorizer:
            try:
                better = await authorizer.renewed(ask, sent, response.headers)
            except BaseException:
                await response.close()
                raise
            if better:
                await response.close()
                sent, response = better, await self._follow(ask, better)
        return response, sent is None or sent.anonymous

    async def _follow(self, ask: Ask, authorization: Authorization | None) -> Response:
        headers = {**ask.headers, "Authorization": authorization.header} if authorization else ask.headers
        request = Request(ask.method, ask.url, headers, ask.content, ask.registry, ask.onward)
        for _ in range(ask.hops + 1):
            response = await self._transport.send(request)
            location = response.headers.get("Location", "") if response.status in _REDIRECTS else ""
            if not location:
                return response
            await response.close()
            request = _onward(ask, request, location, headers)
        raise RegistryError(
            f"{request_words(ask)}: redirected to {shown(request.url)}",
            hint=f"bakec follows {ask.hops} redirects here" if ask.hops else "name the registry that answers itself",
        )


def _onward(ask: Ask, last: Request, location: str, headers: Mapping[str, str]) -> Request:
    try:
        target = join_url(last.url, location)
    except ValueError as error:
        raise NoAnswerError(Reason.PROTOCOL, "a redirect to what is no URL") from error
    if not may_follow(ask.url, target):
        raise RegistryError(
            f"{request_words(ask)}: redirected to {short_words(shown(target))}",
            hint="bakec follows redirects over https to public places, or from loopback to loopback",
        )
    own = same_place(ask.url, target)
    return Request(
        ask.method, target, headers if own else ask.headers, None, ask.registry, onward=not same_host(ask.url, target)
    )


def _paced(ask: Ask, timer: asyncio.Timeout, limits: RegistryLimits) -> Ask:
    """Return the same question. If it sends a stream, the time limit starts again with each piece that is sent."""
    if not callable(ask.content):
        return ask
    begin = ask.content

    def wait(seconds: float) -> None:
        with suppress(RuntimeError):  # it was answered before all of it was sent
            timer.reschedule(asyncio.get_running_loop().time() + seconds)

    async def content() -> AsyncGenerator[bytes, None]:
        async with aclosing(begin()) as pieces:
            async for piece in pieces:
                wait(limits.seconds)
                yield piece
        wait(limits.finishing)

    return replace(ask, content=content)


async def _read(response: Response, ask: Ask) -> bytes:
    failed = response.status not in _FINE
    limit = LONGEST_ERROR if failed else ask.limit
    content = bytearray()
    while chunk := await response.read():
        content += chunk
        if len(content) > limit:
            break
    if len(content) > limit and not failed:
        raise LimitError(
            f"{request_words(ask)}: more than the {limit} bytes that bakec reads here",
            hint="this is not content that buildx writes",
        )
    return bytes(content[:limit])
