"""Requests and replies of a registry in a test, and three ways to reach it: in memory, by httpx, and on a socket."""

import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import repeat
from urllib.parse import parse_qsl, urlsplit

import httpx
from multidict import CIMultiDict

from bake_compiler.registry import transport
from bake_compiler.registry.transport import NoAnswerError, Reason
from tests.fakes.serving import serving


class ConnectionCut(Exception):  # noqa: N818 - an event, not an error
    """The registry hangs up without an answer."""


@dataclass(frozen=True)
class Request:
    """A request as the registry sees it; header names in lower case. `place` is the root URL where it was asked."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    place: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Reply:
    """An answer; one to HEAD keeps the body here, and the edges leave it out.

    Attributes:
        cut: the connection ends after so many bytes of the body.
        endless: the body comes again and again.
        pause: seconds before each byte, on a socket.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: int | None = None
    endless: bool = False
    pause: float = 0.0

    def pieces(self) -> Iterator[bytes]:
        """The body as it comes.

        Raises:
            ConnectionCut: there it ends.
        """
        if self.endless:
            yield from repeat(self.body)
        if self.cut is not None:
            if self.cut and self.body:
                yield self.body[: self.cut]
            raise ConnectionCut
        if self.pause:
            yield from (self.body[at : at + 1] for at in range(len(self.body)))
        else:
            yield self.body


Respond = Callable[[Request], Reply]


class InMemoryResponse:
    """A reply, read in pieces as from a network."""

    def __init__(self, reply: Reply, method: str) -> None:
        self.status = reply.status
        self.headers: Mapping[str, str] = CIMultiDict(reply.headers)
        self._pieces = iter(()) if method == "HEAD" else reply.pieces()

    async def read(self) -> bytes:
        """The next piece; empty at the end."""
        try:
            return next(self._pieces, b"")
        except ConnectionCut as error:
            raise NoAnswerError(Reason.CONNECTION, "cut before its end") from error

    async def close(self) -> None:
        """Nothing is to be given back."""


async def answer_in_memory(respond: Respond, request: transport.Request) -> InMemoryResponse:
    """What bakec's client gets."""
    try:
        url = urlsplit(request.url)
    except ValueError as error:
        raise NoAnswerError(Reason.PROTOCOL) from error
    headers = {name.lower(): value for name, value in request.headers.items()}
    place = f"{url.scheme}://{url.netloc}"
    asked = Request(request.method, url.path, _query(url.query), headers, await _sent(request), place)
    try:
        return InMemoryResponse(respond(asked), request.method)
    except ConnectionCut as error:
        raise NoAnswerError(Reason.CONNECTION, "reset by peer") from error


def _query(text: str) -> Mapping[str, str]:
    """Each parameter by name; of one that is there several times, as scopes are, the values with spaces between."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(text):
        found[name] = f"{found[name]} {value}" if name in found else value
    return found


async def _sent(request: transport.Request) -> bytes:
    """The whole body; a stream that breaks off is a connection that does."""
    if not callable(request.content):
        return request.content or b""
    try:
        async with aclosing(request.content()) as pieces:
            body = b"".join([piece async for piece in pieces])
    except Exception as error:
        raise NoAnswerError(Reason.CONNECTION) from error
    stated = int(request.headers["Content-Length"])
    if len(body) != stated:
        raise NoAnswerError(Reason.CONNECTION, f"{len(body)} bytes in place of {stated}")
    return body


def answer_httpx(respond: Respond, request: httpx.Request) -> httpx.Response:
    """What httpx gets."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    place = f"{request.url.scheme}://{request.url.netloc.decode()}"
    asked = Request(request.method, request.url.path, dict(request.url.params), headers, request.read(), place)
    try:
        reply = respond(asked)
    except ConnectionCut as error:
        raise httpx.ReadError("connection reset by peer", request=request) from error
    body = b"" if request.method == "HEAD" else reply.body
    return httpx.Response(reply.status, headers=dict(reply.headers), content=body)


@contextmanager
def serve(respond: Respond, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Answer on a port of 127.0.0.1, with TLS where it is given; gives `127.0.0.1:PORT`."""
    handler = type("Handler", (_Handler,), {"respond": staticmethod(respond)})
    server = _Server(("127.0.0.1", 0), handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with serving(server):
        yield f"127.0.0.1:{server.server_port}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Stay silent of clients that hang up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    respond: Respond

    def _answer(self) -> None:
        url = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        place = f"http://{headers.get('host', '')}"
        asked = Request(self.command, url.path, _query(url.query), headers, self._body(), place)
        try:
            self._send(self.respond(asked))
        except (ConnectionCut, ConnectionError):
            self._cut()

    do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = do_DELETE = _answer  # noqa: N815 - http.server's names

    def _send(self, reply: Reply) -> None:
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if "Content-Length" not in reply.headers:
            self.send_header("Connection", "close")
        self.end_headers()
        for piece in () if self.command == "HEAD" else reply.pieces():
            time.sleep(reply.pause)
            self.wfile.write(piece)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join(self._chunks())
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _cut(self) -> None:
        """Close at once, which the other side sees as a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Stay silent."""
