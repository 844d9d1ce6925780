"""A further engine beside the sandbox's own, for a test that breaks it: same programs, all else of its own.

What is left of one after a crash, `./dev sandbox down` takes back.
"""

import os
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sandbox import engine, kernel, namespace
from sandbox.state import State, end_processes, link, own_processes, run_step

_NODES = "nodes"


@dataclass(frozen=True)
class Node(State):
    """The paths and names of one further engine.

    Attributes:
        home: its directory.
        sandbox: the sandbox whose programs, base images and emulation it uses.
        apart: it has no network, and an emulation of its own: none, before something is registered.
    """

    sandbox: State
    apart: bool = False

    @property
    def prefix(self) -> Path:
        """The unpacked packages of the sandbox."""
        return self.sandbox.prefix

    @property
    def bin(self) -> Path:
        """The commands of the sandbox."""
        return self.sandbox.bin

    @property
    def registry(self) -> str:
        """The sandbox's registry, from which it takes base images."""
        return self.sandbox.registry

    @property
    def data(self) -> Path:
        """Where the engine keeps images and its build cache."""
        return self.home / "docker"

    @property
    def binfmt(self) -> Path:
        """The binfmt_misc of one that is apart, seen from here; it is up."""
        pid = (self.run / "docker.pid").read_text().strip()
        return Path(f"/proc/{pid}/root{kernel.BINFMT}")

    def start(self, settings: Mapping[str, object] | None = None) -> None:
        """Start dockerd on what it kept, if it was started before.

        Args:
            settings: of daemon.json, in place of the usual ones.

        Raises:
            SandboxError: it did not come up.
        """
        if self.apart:
            words = (sys.executable, namespace.__file__)
            engine.start_dockerd(self, {"bridge": "none", **(settings or {})}, words)
        else:
            engine.start_dockerd(self, settings)

    def end(self, seconds: float = 15) -> None:
        """End it in order, as a person does who restarts it; kill what does not go within so many seconds."""
        end_processes(self, seconds)

    def kill(self) -> None:
        """End it and all that it runs at once, as a loss of power does."""
        for pid in own_processes(self):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        end_processes(self)

    def remove(self) -> None:
        """Take back all that it has on the machine, its directory too."""
        engine.stop(self)
        shutil.rmtree(self.home)


@contextmanager
def node(
    sandbox: State,
    name: str,
    *,
    megabytes: int = 0,
    files: int = 0,
    apart: bool = False,
    settings: Mapping[str, object] | None = None,
) -> Iterator[Node]:
    """A further engine, up until the block ends, however it ends.

    Args:
        sandbox: the sandbox, which is up.
        name: of the node; no other of this sandbox has it now.
        megabytes: how much its disk holds; 0 for as much as the machine's.
        files: how many inodes that disk has; 0 for as many as usual.
        apart: it has no network, and an emulation of its own.
        settings: of daemon.json, in place of the usual ones, until it is started anew.

    Raises:
        SandboxError: it did not come up.
    """
    own = Node(sandbox.home / _NODES / name, sandbox, apart)
    try:
        own.data.mkdir(parents=True)
        own.run.mkdir(parents=True)
        link(own.docker_config / "cli-plugins", sandbox.docker_config / "cli-plugins")
        if megabytes:
            _mount_disk(own, megabytes, files)
        if not apart:
            kernel.add_bridge(own)
        own.start(settings)
        yield own
    finally:
        own.remove()


def _mount_disk(own: Node, megabytes: int, files: int) -> None:
    """A disk in a file; its loop device goes with its mount, whoever unmounts it."""
    disk = own.home / "disk"
    with disk.open("wb") as file:
        file.truncate(megabytes << 20)
    inodes = ("-N", files) if files else ()
    run_step(own, "disk", ["mkfs.ext4", "-q", "-m", "0", *map(str, inodes), disk])
    run_step(own, "disk", ["mount", "-o", "loop", disk, own.data])


def nodes(sandbox: State) -> list[Node]:
    """Those that are there: up, or left by a test that crashed."""
    return [Node(home, sandbox) for home in sorted((sandbox.home / _NODES).glob("*"))]
