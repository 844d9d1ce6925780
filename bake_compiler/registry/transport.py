"""The interface between the client and the network: a request, a response, and why there was no answer."""

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeAlias

Body: TypeAlias = bytes | Callable[[], AsyncGenerator[bytes, None]]
"""A request's content: bytes, or a stream that starts from its beginning each time the request is sent."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, without redirects.

    Attributes:
        registry: the registry whose certificates count, as in a reference.
        onward: whether the registry, and not the user, named the host.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: Body | None = field(default=None, repr=False)
    registry: str = ""
    onward: bool = False


class Response(Protocol):
    """A status, headers, and a body that is not read yet. The body is not decompressed."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers by name, in upper or lower case. Several `WWW-Authenticate` headers are joined by commas."""

    async def read(self) -> bytes:
        """Return the next piece of the body; empty at its end.

        Raises:
            NoAnswerError: the connection was cut.
        """

    async def close(self) -> None:
        """Close the response. Its connection is kept if the body was read to its end."""


class Transport(Protocol):
    """Something that answers requests: the network, or a registry in a test."""

    async def send(self, request: Request) -> Response:
        """Send a request and wait for the headers of the response. The caller closes the response.

        Raises:
            NoAnswerError: there was no answer.
        """


class Reason(StrEnum):
    """Why there was no answer."""

    TIMEOUT = "no answer in time"
    CONNECTION = "no connection"
    NAME = "no such host"
    TLS = "no trusted TLS connection"
    PROXY = "the proxy does not pass it on"
    OFF_LIMITS = "it points to an address that is off limits"
    TOO_MUCH = "more headers than bakec reads"
    PROTOCOL = "no sound HTTP answer"


_PASSING = frozenset({Reason.TIMEOUT, Reason.CONNECTION})


class NoAnswerError(Exception):
    """There was no answer, or only a part of one.

    Args:
        reason: the reason.
        detail: the network's words, without URLs.
        passing: whether the next attempt may succeed; without it, the reason decides.
    """

    def __init__(self, reason: Reason, detail: str = "", *, passing: bool | None = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.passing = reason in _PASSING if passing is None else passing
