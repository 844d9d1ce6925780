"""An engine that is there, and nothing more: `docker buildx create` asks for that before it writes a node down."""

import json
from contextlib import AbstractContextManager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.fakes.serving import UnixServer, serving


def pinged(socket: Path) -> AbstractContextManager[None]:
    """Listen at `socket`."""
    return serving(UnixServer(str(socket), _Handler))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        absent = "/containers/" in self.path
        body = json.dumps({"message": "No such container"} if absent else {}).encode()
        self.send_response(HTTPStatus.NOT_FOUND if absent else HTTPStatus.OK)
        for name, value in (
            ("Api-Version", "1.45"),
            ("Content-Type", "application/json"),
            ("Content-Length", len(body)),
        ):
            self.send_header(name, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_DELETE = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def address_string(self) -> str:
        return "here"
