"""crane, where the sandbox has fetched it: a peer, and a registry in memory that costs next to nothing."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

CRANE = os.environ.get("BAKEC_CRANE", "")

_PATIENCE = 10.0  # seconds


@contextmanager
def memory_registry() -> Iterator[str]:
    """An empty registry on loopback, HOST:PORT, while the context lasts."""
    with NamedTemporaryFile() as log:  # a file: it writes a line for each request, and a pipe would fill up
        serving = subprocess.Popen((CRANE, "registry", "serve", "--address", "127.0.0.1:0"), stderr=log)
        try:
            yield f"127.0.0.1:{_port(Path(log.name))}"
        finally:
            serving.terminate()
            serving.wait()


def _port(log: Path) -> str:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if said := re.search(r"serving on port (\d+)", log.read_text()):
            return said[1]
        time.sleep(0.05)
    sys.exit(f"error: crane registry serve is not up: {log.read_text()[-300:]}\n hint: run `{CRANE} registry serve`")
