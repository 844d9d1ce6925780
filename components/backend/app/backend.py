"""The API: /health, and /api/nodes from the database."""

import json
import sys
import urllib.request
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from schema import VERSION, connect, version

PORT = 8082


def answer(path: str) -> tuple[HTTPStatus, object]:
    """Status and document of a path."""
    with connect() as connection:
        found = version(connection)
        if path == "/health":
            status = HTTPStatus.OK if found == VERSION else HTTPStatus.SERVICE_UNAVAILABLE
            return status, {"schema": found, "wanted": VERSION}
        if path == "/api/nodes" and found == VERSION:
            rows = connection.execute("SELECT name, machine FROM node ORDER BY name")
            return HTTPStatus.OK, [{"name": name, "machine": machine} for name, machine in rows]
    return HTTPStatus.NOT_FOUND, {"error": "no such path"}


class Handler(BaseHTTPRequestHandler):
    """Answers GET with JSON."""

    def do_GET(self) -> None:  # noqa: N802 - http.server names it
        """Answer one request."""
        status, document = answer(self.path)
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve, or check (--check: the program itself; --health: the running server)."""
    if "--check" in sys.argv:
        print(f"backend for schema {VERSION}")
    elif "--health" in sys.argv:
        urllib.request.urlopen(f"http://127.0.0.1:{PORT}/health", timeout=3)
    else:
        ThreadingHTTPServer(("", PORT), Handler).serve_forever()


main()
