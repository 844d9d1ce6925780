"""A way to a server that counts the bytes which are sent to it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_CHUNK = 65536


@dataclass
class Counted:
    """Such a way.

    Attributes:
        address: `127.0.0.1:PORT`.
        sent: bytes that clients have sent, headers included.
    """

    address: str
    sent: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, count: int) -> None:
        with self.lock:
            self.sent += count


@contextmanager
def counted(server: str) -> Iterator[Counted]:
    """Pass everything on to `HOST:PORT`, and the answers back."""
    host, _, port = server.rpartition(":")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        way = Counted(f"127.0.0.1:{listening.getsockname()[1]}")

        def accept() -> None:
            with suppress(OSError):  # the end of the test closes it
                while True:
                    client, _ = listening.accept()
                    threading.Thread(target=_serve, args=(client, (host, int(port)), way), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield way
        finally:
            listening.shutdown(socket.SHUT_RDWR)


def _serve(client: socket.socket, server: tuple[str, int], way: Counted) -> None:
    with client, socket.create_connection(server) as behind:
        back = threading.Thread(target=_pump, args=(behind, client, None), daemon=True)
        back.start()
        _pump(client, behind, way)
        back.join()


def _pump(source: socket.socket, target: socket.socket, way: Counted | None) -> None:
    with suppress(OSError):
        while data := source.recv(_CHUNK):
            if way:
                way.add(len(data))
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
