"""An engine that is there, and nothing more: `docker buildx create` asks for that before it writes a node down."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from threading import Thread


@contextmanager
def pinged(socket: Path) -> Iterator[None]:
    """Listen at `socket`."""
    with _Server(str(socket), _Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingUnixStreamServer):
    daemon_threads = True


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
