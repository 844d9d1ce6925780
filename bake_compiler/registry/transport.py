"""The seam between the client and the network: one request, one response, and why there was none."""

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeAlias

Body: TypeAlias = bytes | Callable[[], AsyncGenerator[bytes, None]]
"""What a request carries: bytes, or a stream of them that begins anew each time it is sent."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it goes out; redirects are not its business.

    Attributes:
        registry: whose certificates count, as references name it.
        onward: it goes to a host that the registry named, not the user.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: Body | None = field(default=None, repr=False)
    registry: str = ""
    onward: bool = False


class Response(Protocol):
    """A status and headers, and a body that is still to be read, as it came: nothing is unpacked."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """By name, in any case; several `WWW-Authenticate` are joined by commas."""

    async def read(self) -> bytes:
        """The next piece of the body; empty at its end.

        Raises:
            NoAnswerError: it was cut.
        """

    async def close(self) -> None:
        """End it; its connection is kept if the body was read to its end."""


class Transport(Protocol):
    """Whatever can answer a request: the network, or a registry in a test."""

    async def send(self, request: Request) -> Response:
        """Send it and wait for the headers of the response, which the caller closes.

        Raises:
            NoAnswerError: there was none.
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
    """There was no answer, or not all of it.

    Args:
        reason: why.
        detail: what the network said, without URLs.
        passing: whether it may go better next time; as the reason says unless told.
    """

    def __init__(self, reason: Reason, detail: str = "", *, passing: bool | None = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.passing = reason in _PASSING if passing is None else passing
