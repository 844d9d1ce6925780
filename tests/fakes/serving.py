"""A server that answers beside a test, until the test's block ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseServer, ThreadingUnixStreamServer
from threading import Thread


class UnixServer(ThreadingUnixStreamServer):
    """A server at a path."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Stay silent of who hangs up, and of engines that are gone."""


@contextmanager
def serving(server: BaseServer) -> Iterator[None]:
    """Serve, and close it at the end."""
    with server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
