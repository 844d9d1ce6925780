"""A further engine beside the sandbox's own, for a test that breaks it: same programs, all else of its own.

What is left of one after a crash, `./dev sandbox down` takes back.
"""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sandbox import engine, kernel
from sandbox.state import State, end_processes, link, own_processes, run_step

_NODES = "nodes"


@dataclass(frozen=True)
class Node(State):
    """The paths and names of one further engine.

    Attributes:
        home: its directory.
        sandbox: the sandbox whose programs, base images and emulation it uses.
    """

    sandbox: State

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

    def start(self) -> None:
        """Start dockerd on what it kept, if it was started before.

        Raises:
            SandboxError: it did not come up.
        """
        engine.start_dockerd(self)

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
def node(sandbox: State, name: str, *, megabytes: int = 0) -> Iterator[Node]:
    """A further engine, up until the block ends, however it ends.

    Args:
        sandbox: the sandbox, which is up.
        name: of the node; no other of this sandbox has it now.
        megabytes: how much its disk holds; 0 for as much as the machine's.

    Raises:
        SandboxError: it did not come up.
    """
    own = Node(sandbox.home / _NODES / name, sandbox)
    try:
        own.data.mkdir(parents=True)
        own.run.mkdir(parents=True)
        link(own.docker_config / "cli-plugins", sandbox.docker_config / "cli-plugins")
        if megabytes:
            run_step(own, "disk", ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "bakec-node", own.data])
        kernel.add_bridge(own)
        own.start()
        yield own
    finally:
        own.remove()


def nodes(sandbox: State) -> list[Node]:
    """Those that are there: up, or left by a test that crashed."""
    return [Node(home, sandbox) for home in sorted((sandbox.home / _NODES).glob("*"))]
