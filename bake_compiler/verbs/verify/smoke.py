"""Runs an image's smoke command in a container, on each platform, with a limit of time."""

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.system.process import Command, Runner, output_of
from bake_compiler.verify.smoke import Start

_MOST_LINES = 10_000
_LONGEST_LINE = 4096


@dataclass(frozen=True)
class Smoker:
    """Starts images through the local Docker, natively or emulated.

    Attributes:
        runner: runs docker.
        env, root: docker's environment and working directory.
        seconds: the limit for one start, with the pull.
    """

    runner: Runner
    env: Mapping[str, str] = field(default_factory=dict)
    root: Path = Path()
    seconds: float = 300.0

    async def start(self, smoke: tuple[str, ...], at: Reference, platform: Platform) -> Start:
        """Run an image's smoke command on one platform. The container is removed afterwards in any case."""
        name = f"bakec-smoke-{token_hex(6)}"
        command = self.command(smoke, at, platform, name)
        lines: deque[str] = deque(maxlen=_MOST_LINES)
        begin = time.monotonic()
        task = asyncio.ensure_future(self.runner(command, lambda line: lines.append(line[:_LONGEST_LINE])))
        try:
            await asyncio.wait({task}, timeout=self.seconds)
            status = task.result() if task.done() else None
        finally:
            if not task.done():
                await asyncio.shield(self._end(task, name))
        return Start(platform, str(command), status, time.monotonic() - begin, "\n".join(lines))

    def command(self, smoke: tuple[str, ...], at: Reference, platform: Platform, name: str) -> Command:
        """Return the `docker run` of a smoke command in a container of this name."""
        entrypoint, *arguments = smoke
        fixed = ("docker", "run", "--rm", "--quiet", "--pull=always", f"--name={name}", f"--platform={platform}")
        return Command((*fixed, f"--entrypoint={entrypoint}", str(at), *arguments), self.env, self.root)

    async def _end(self, task: "asyncio.Future[int]", name: str) -> None:
        """Remove the container before and after `docker run` ends: a program may ignore signals or start late."""
        remove = Command(("docker", "rm", "--force", name), self.env, self.root)
        await output_of(self.runner, remove)
        task.cancel()
        await asyncio.wait({task})
        await output_of(self.runner, remove)
