"""One question to a registry and its answer, read within a limit; redirects followed only where allowed."""

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field

import httpx

from bake_compiler.errors import RegistryError
from bake_compiler.registry.address import may_follow, shown

_LONGEST_ERROR = 64 * 1024


@dataclass(frozen=True)
class Ask:
    """A question, not yet sent.

    Attributes:
        limit: bytes that the answer may have.
        hops: redirects that may be followed.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    limit: int = _LONGEST_ERROR
    hops: int = 0


@dataclass(frozen=True)
class Answer:
    """What came back, whatever its status."""

    ask: Ask
    status: int
    headers: httpx.Headers
    content: bytes


async def exchange(http: httpx.AsyncClient, ask: Ask, auth: httpx.Auth | None) -> Answer:
    """Ask once.

    Credentials go to the registry itself and never to where it redirects.

    Raises:
        RegistryError: an answer above the limit, or a redirect that is not allowed.
        httpx.HTTPError: no answer.
    """
    request = http.build_request(ask.method, ask.url, headers=ask.headers, content=ask.content)
    origin = request.url
    for _ in range(ask.hops + 1):
        own = _authority(request.url) == _authority(origin)
        response = await http.send(request, stream=True, auth=auth if own else None, follow_redirects=False)
        async with aclosing(response):
            if not response.has_redirect_location:
                content = await _read(response, ask)
                return Answer(ask, response.status_code, response.headers, content)
            request = _onward(http, ask, origin, response)
    raise RegistryError(
        f"{ask.method} {shown(ask.url)}: redirected to {shown(request.url)}",
        hint=f"bakec follows {ask.hops} redirects here" if ask.hops else "name the registry that answers itself",
    )


def _onward(http: httpx.AsyncClient, ask: Ask, origin: httpx.URL, response: httpx.Response) -> httpx.Request:
    target = response.request.url.join(response.headers["Location"])
    if not may_follow(origin, target):
        raise RegistryError(
            f"{ask.method} {shown(ask.url)}: redirected to {shown(target)}",
            hint="bakec follows redirects over https, or from loopback to loopback",
        )
    request = http.build_request(ask.method, target, headers=ask.headers)
    if _authority(target) != _authority(origin):
        for name in ("Authorization", "Cookie"):
            request.headers.pop(name, None)
    return request


def _authority(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


async def _read(response: httpx.Response, ask: Ask) -> bytes:
    limit = _LONGEST_ERROR if response.is_error else ask.limit
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > limit:
            break
    if len(content) > limit and not response.is_error:
        raise RegistryError(
            f"{ask.method} {shown(ask.url)}: more than the {limit} bytes that bakec reads here",
            hint="this is not content that buildx writes",
        )
    return bytes(content[:limit])
