"""The real network. Only this module uses aiohttp."""

import os
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from multidict import CIMultiDict
from yarl import URL

from bake_compiler.registry.address import is_loopback, is_off_limits, literal
from bake_compiler.registry.certificates import Certificates
from bake_compiler.registry.proxies import Proxies
from bake_compiler.registry.transport import NoAnswerError, Reason, Request

_CONNECT_SECONDS = 10.0
_SILENT_SECONDS = 20.0
_FINISHING_SECONDS = 300.0  # with object storage, a registry copies the whole blob before it answers
_KEPT_SECONDS = 60.0
_BUFFER = 256 * 1024
_LONGEST_HEADER = 32 * 1024  # a redirect's signature may be long
_TOO_MUCH = ("more than", "Too many headers")  # the words of aiohttp's parser
_CHALLENGE = "WWW-Authenticate"
_UNAUTHORIZED = 401


class Network:
    """Sends requests over aiohttp. Connections are reused, answers are not decompressed, redirects are not followed.

    Args:
        certificates: the trusted certificates.
        proxies: the proxies.
        silence: seconds without a byte after which the request fails.
    """

    def __init__(self, certificates: Certificates, proxies: Proxies, *, silence: float = _SILENT_SECONDS) -> None:
        self._certificates = certificates
        self._proxies = proxies
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS, sock_read=silence)
        self._sending = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS, sock_read=_FINISHING_SECONDS)
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def send(self, request: Request) -> "NetworkResponse":
        """Send a request and wait for the headers.

        Raises:
            NoAnswerError: there was no answer.
            AccessError: a file in certs.d does not have the content that its name promises.
        """
        session = self._sessions.get(request.onward) or self._open(request.onward)
        context = (
            self._certificates.context(request.registry, onward=request.onward) if request.url[:5] == "https" else None
        )
        with _explained():
            response = await session.request(
                request.method,
                URL(request.url, encoded=True),
                headers=request.headers,
                data=request.content() if callable(request.content) else request.content,
                timeout=self._sending if callable(request.content) else self._timeout,
                allow_redirects=False,
                proxy=self._proxies.choose(request.url) or None,
                ssl=context or True,
            )
        return NetworkResponse(response)

    async def close(self) -> None:
        """Close every connection."""
        for session in self._sessions.values():
            await session.close()

    def _open(self, onward: bool) -> aiohttp.ClientSession:
        resolver = _Guard(self._proxies.hosts) if onward else None
        connector = aiohttp.TCPConnector(
            limit=0, keepalive_timeout=_KEPT_SECONDS, ttl_dns_cache=int(_KEPT_SECONDS), resolver=resolver
        )
        session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "bakec"},
            timeout=self._timeout,
            auto_decompress=False,
            read_bufsize=_BUFFER,
            max_field_size=_LONGEST_HEADER,
        )
        self._sessions[onward] = session
        return session


class NetworkResponse:
    """A response of aiohttp, as a `Response`."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        if response.status == _UNAUTHORIZED:
            joined = CIMultiDict(response.headers)
            joined[_CHALLENGE] = ", ".join(response.headers.getall(_CHALLENGE, ()))
            self.headers = joined

    async def read(self) -> bytes:
        """Return the next piece of the body; empty at its end."""
        with _explained():
            return await self._response.content.readany()

    async def close(self) -> None:
        """Close the response."""
        self._response.release()


class OffLimitsError(OSError):
    """A registry redirected bakec to a host name that resolves to a private or loopback address."""


class _Guard(AbstractResolver):
    """Resolves the host names in redirects, and leaves out addresses that are off limits.

    Args:
        trusted: hosts that the user named; the other hosts were named by a registry.
    """

    def __init__(self, trusted: frozenset[str]) -> None:
        self._resolver = aiohttp.ThreadedResolver()
        self._trusted = trusted

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        if host in self._trusted or is_loopback(host):
            return found
        sound = [each for each in found if _may_connect(each["host"])]
        if not sound:
            raise OffLimitsError(f"{host} is {found[0]['host']}" if found else host)
        return sound

    async def close(self) -> None:
        await self._resolver.close()


def _may_connect(host: str) -> bool:
    address = literal(host)
    return address is not None and not address.is_loopback and not is_off_limits(address)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise explain(error) from error


def explain(error: Exception) -> NoAnswerError:
    """Return why there was no answer, from an exception of aiohttp. The result contains no URL."""
    causes = reversed(tuple(_causes(error)))
    return next(filter(None, map(_from_cause, causes)), None) or _from_error(error)


def _from_cause(cause: BaseException) -> NoAnswerError | None:
    match cause:
        case OffLimitsError():
            return NoAnswerError(Reason.OFF_LIMITS, str(cause))
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return NoAnswerError(Reason.CONNECTION, "cut within TLS")
        case ssl.SSLError():
            return NoAnswerError(Reason.TLS, getattr(cause, "verify_message", "") or getattr(cause, "reason", ""))
        case socket.gaierror():
            return NoAnswerError(Reason.NAME, cause.strerror or "", passing=cause.errno == socket.EAI_AGAIN)
        case _:
            return None


def _from_error(error: Exception) -> NoAnswerError:
    passing = None
    match error:
        case aiohttp.ClientHttpProxyError():
            reason, detail = Reason.PROXY, f"it answers {error.status}"
        case aiohttp.ClientProxyConnectionError():
            reason, detail, passing = Reason.PROXY, f"no connection to it: {_said(error)}", True
        case TimeoutError():
            reason, detail = Reason.TIMEOUT, ""
        case aiohttp.ClientPayloadError():
            reason, detail = Reason.CONNECTION, "cut before its end"
        case aiohttp.ServerDisconnectedError():
            reason, detail = Reason.CONNECTION, "closed without an answer"
        case aiohttp.ClientConnectionError() | OSError():
            reason, detail = Reason.CONNECTION, _said(error)
        case aiohttp.ClientResponseError() if any(words in error.message for words in _TOO_MUCH):
            reason, detail = Reason.TOO_MUCH, ""
        case _:
            reason, detail = Reason.PROTOCOL, ""
    return NoAnswerError(reason, detail, passing=passing)


def _said(error: Exception) -> str:
    code = getattr(error, "errno", None)
    return os.strerror(code) if code and code > 0 else ""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
