"""An engine and a registry of the benchmark's own, empty but for the base images: what is cold is so for everybody."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import ROOT
from sandbox.bases import BASES
from sandbox.engine import is_fetched, registry_answers
from sandbox.node import Node, node, nodes
from sandbox.state import State, alone, start_daemon, wait_for

PLATFORMS = ("linux/amd64", "linux/arm64")
_NAME = "bench"
_MEGABYTES = 24_000  # of the disk, in a file that takes only what is written
_QUIET_SECONDS = 5.0
_REGISTRY = """version: 0.1
log: {{level: warn}}
storage: {{filesystem: {{rootdirectory: {root}}}}}
http: {{addr: "{address}"}}
"""
_REGISTRY_ENVIRONMENT = {"OTEL_TRACES_EXPORTER": "none", "GOGC": "800"}  # as the sandbox runs its own


@dataclass(frozen=True)
class Engine:
    """An engine that runs, and the registry beside it.

    Attributes:
        registry: HOST:PORT.
        storage: the registry's folder.
        environment: of a process that is to use this engine and no other.
    """

    registry: str
    storage: Path
    environment: dict[str, str]


@contextmanager
def new_engine() -> Iterator[Engine]:
    """An engine without build cache, and a registry without blobs, until the block ends; another one waits for that.

    Base images are in the engine, for both platforms. What a benchmark that was killed left behind goes first. Its disk
    is new too: ext4 passes over each inode that was deleted within the last minutes (fs/ext4/ialloc.c,
    `recently_deleted`), so that who builds where another engine was just removed pays a tenth of all processor time.
    """
    sandbox = State.of(ROOT)
    if not is_fetched(sandbox) or not registry_answers(sandbox.registry):
        sys.exit("error: the sandbox is not up, from which an engine is made\n hint: ./dev sandbox up")
    with alone(State(sandbox.home / _NAME)):
        for left in nodes(sandbox):
            if left.home.name == _NAME:
                left.remove()
        with node(sandbox, _NAME, megabytes=_MEGABYTES) as own:
            environment = {**os.environ, **own.environment()}
            _pull_bases(environment)
            _settle()
            yield Engine(_start_registry(own), _storage(own), environment)


def _pull_bases(environment: dict[str, str]) -> None:
    for base in BASES:
        name = f"{base.repository}:{base.tag}".removeprefix("library/")
        for platform in PLATFORMS:
            argv = ("docker", "pull", "--quiet", "--platform", platform, name)
            done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(f"error: {' '.join(argv)}: {done.stderr.strip()[-500:]}\n hint: ./dev sandbox status")


def _settle() -> None:
    """Until the disks have written and trimmed what the engine before left: nobody is to wait for that."""
    os.sync()
    before: list[list[str]] = []
    while before != (now := _trimmed()):
        before = now
        time.sleep(_QUIET_SECONDS)


def _trimmed() -> list[list[str]]:
    """Of each disk, what was trimmed since the machine runs (Linux, admin-guide/iostats.rst, field 12)."""
    return [line.split()[14:15] for line in Path("/proc/diskstats").read_text().splitlines()]


def _storage(own: Node) -> Path:
    return own.home / "registry"


def _start_registry(own: Node) -> str:
    """Ends with the engine: it has its mark."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    config = own.home / "registry.yml"
    config.write_text(_REGISTRY.format(root=_storage(own), address=address))
    start_daemon(own, "registry", [own.bin / "docker-registry", "serve", config], _REGISTRY_ENVIRONMENT)
    wait_for("registry", own, lambda: registry_answers(address), 20)
    return address
