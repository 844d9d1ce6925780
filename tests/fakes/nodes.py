"""A builder of several nodes on one machine: buildx's `remote` driver, led to the BuildKit inside of each dockerd.

Source: moby's client/buildkit, which reaches it by an upgrade of `POST /grpc` to HTTP/2 without TLS.
"""

import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from socketserver import BaseRequestHandler
from threading import Thread

from tests.fakes.serving import UnixServer, serving

_UPGRADE = b"POST /grpc HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
_BUILDER = "bakec-nodes"


@contextmanager
def builder(engines: Mapping[str, Path], folder: Path) -> Iterator[dict[str, str]]:
    """A builder with a node for each platform; gives what buildx needs in its environment to use it.

    Args:
        engines: platform → the socket of the engine that builds for it.
        folder: an empty directory for the builder's records.
    """
    environment = {"BUILDX_CONFIG": str(folder / "buildx"), "BUILDX_BUILDER": _BUILDER}
    with ExitStack() as stack:
        for number, (platform, engine) in enumerate(engines.items()):
            place = folder / f"node{number}"
            stack.enter_context(bridge(place, engine))
            words = ["--name", _BUILDER, "--driver", "remote", "--platform", platform, *["--append"][:number]]
            subprocess.run(
                ["docker", "buildx", "create", *words, f"unix://{place}"],
                env={**os.environ, **environment},
                check=True,
                capture_output=True,
            )
        yield environment


def bridge(place: Path, engine: Path) -> AbstractContextManager[None]:
    """Listen at `place` as BuildKit does, and lead to the one in an engine."""
    return serving(UnixServer(str(place), type("Handler", (_Handler,), {"engine": str(engine)})))


class _Handler(BaseRequestHandler):
    engine: str
    request: socket.socket

    def handle(self) -> None:
        with socket.socket(socket.AF_UNIX) as engine:
            engine.connect(self.engine)
            engine.sendall(_UPGRADE)
            answer = b""
            while not answer.endswith(b"\r\n\r\n"):
                byte = engine.recv(1)
                if not byte:
                    return
                answer += byte
            back = Thread(target=_copy, args=(engine, self.request), daemon=True)
            back.start()
            _copy(self.request, engine)
            back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    """All that comes, until one of them is gone; then both are."""
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
    except OSError:
        pass
    finally:
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
