"""Registries to test against: how bakec reaches them, and how a test fills them."""

import ssl
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import httpx

from bake_compiler.registry.certificates import Certificates
from bake_compiler.registry.challenge import preferred
from bake_compiler.registry.credentials import Credential
from bake_compiler.registry.network import Network
from bake_compiler.registry.proxies import Proxies
from bake_compiler.registry.transport import Transport


class Known:
    """One user at every registry."""

    def __init__(self, username: str, password: str) -> None:
        self.credential = Credential(username, password)

    async def find(self, _: str) -> Credential:
        """Who we are."""
        return self.credential


class Tokened(httpx.Auth):
    """The token flow, as httpx wants it."""

    requires_response_body = True

    def __init__(self, username: str, password: str) -> None:
        self.basic = httpx.BasicAuth(username, password)
        self.tokens: dict[str, str] = {}

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Ask, get a token where it is wanted, ask again."""
        challenge = preferred((yield request).headers.get("WWW-Authenticate", ""))
        if challenge is None:
            return
        if challenge.scope not in self.tokens:
            query = urlencode({"service": challenge.service, "scope": challenge.scope})
            answer = yield next(self.basic.auth_flow(httpx.Request("GET", f"{challenge.realm}?{query}")))
            self.tokens[challenge.scope] = answer.json()["token"]
        request.headers["Authorization"] = f"Bearer {self.tokens[challenge.scope]}"
        yield request


@dataclass(frozen=True)
class Place:
    """A registry to test against.

    Attributes:
        host: as references name it.
        url: its root.
        transport: how bakec reaches it.
        pushing: how a test reaches it, to fill it.
        auth: what a test must show.
    """

    host: str
    url: str
    transport: Transport
    pushing: httpx.AsyncBaseTransport
    auth: httpx.Auth | None = None

    @property
    def credentials(self) -> Known | None:
        """What bakec must show."""
        return Known("me", "secret") if self.auth else None

    @property
    def secure(self) -> frozenset[str]:
        """Whether bakec must be told that it speaks TLS."""
        return frozenset({self.host} if self.url.startswith("https") else ())


def network(*certs: Path) -> Network:
    """The real network, without a proxy."""
    return Network(Certificates(certs), Proxies({}))


def tls(authority: Path, certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    """What httpx must trust and show."""
    context = ssl.create_default_context(cafile=authority)
    if certificate:
        context.load_cert_chain(certificate, key)
    return context
