"""How bakec asks docker, buildx, the builder and git, before it builds."""

import asyncio
import os
import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bake_compiler.buildx import BUILDX
from bake_compiler.errors import PreflightError
from bake_compiler.system.process import Command, Runner, output_of

OLDEST_BUILDX = (0, 13)
PATIENCE = 10.0
"""Seconds after which bakec stops waiting for a short command."""


@dataclass(frozen=True)
class CommandAnswer:
    """The answer of a command.

    Attributes:
        status: the exit status.
        text: everything that the command printed.
        trouble: why the command could not run; empty if it ran.
    """

    status: int
    text: str
    trouble: str = ""

    @property
    def refusal(self) -> str:
        """Why there is no answer, in one line; empty if the command succeeded."""
        if self.trouble or not self.status:
            return self.trouble
        return self.text.strip().splitlines()[-1] if self.text.strip() else f"exit status {self.status}"


@dataclass(frozen=True)
class BuildxVersion:
    """The version of buildx.

    Attributes:
        text: as buildx prints it, without the v: `0.29.1`, `0.30.0-rc1`.
        numbers: major, minor and patch.
    """

    text: str
    numbers: tuple[int, int, int]


def read_version(answer: CommandAnswer) -> BuildxVersion | None:
    """Return the version from the answer of `docker buildx version`. None if the answer has no version.

    The answer looks like `github.com/docker/buildx v0.29.1 a32761a`.
    """
    found = None if answer.refusal else re.search(r"\bv?((\d+)\.(\d+)\.(\d+)\S*)", answer.text)
    return BuildxVersion(found[1], (int(found[2]), int(found[3]), int(found[4]))) if found else None


@dataclass(frozen=True)
class Tools:
    """How to call docker and buildx.

    Attributes:
        runner: the function that runs commands.
        root: the working directory.
        env: the environment of the commands.
        buildx: the words that start buildx.
    """

    runner: Runner
    root: Path
    env: Mapping[str, str]
    buildx: tuple[str, ...]

    async def ask(self, *argv: str, patience: float = PATIENCE) -> CommandAnswer:
        """Return the answer of a short command. A command that takes longer than `patience` is ended."""
        try:
            async with asyncio.timeout(patience):
                return CommandAnswer(*await output_of(self.runner, Command(argv, self.env, self.root)))
        except PreflightError as error:
            return CommandAnswer(-1, "", error.message)
        except TimeoutError:
            return CommandAnswer(-1, "", f"`{shlex.join(argv)}` does not end within {patience:.0f} s")

    async def version(self) -> BuildxVersion | None:
        """Return the version of buildx; None if buildx is not installed."""
        return read_version(await self.ask(*self.buildx, "version"))

    @property
    def is_local(self) -> bool:
        """Whether the engine runs on this machine. Docker Desktop's engine runs in a machine of its own."""
        host = self.env.get("DOCKER_HOST", "")
        return sys.platform == "linux" and not self.env.get("DOCKER_CONTEXT") and (not host or host.startswith("unix:"))


def find_buildx(env: Mapping[str, str]) -> tuple[str, ...]:
    """Return the words that start buildx. Starting buildx's own file instead of docker saves half the time.

    Source: docker/cli, cli-plugins/manager, for the folders in which docker looks. If buildx is in none of these
    folders,
    the words are `docker buildx`.
    """
    home = Path(env.get("DOCKER_CONFIG") or Path(env.get("HOME", "/")) / ".docker")
    if "cliPluginsExtraDirs" in _text_of(home / "config.json"):
        return BUILDX
    system = ("/usr/local/lib", "/usr/local/libexec", "/usr/lib", "/usr/libexec")
    places = (home / "cli-plugins", *(Path(place) / "docker" / "cli-plugins" for place in system))
    plugins = (place / "docker-buildx" for place in places)
    found = next((str(plugin) for plugin in plugins if os.access(plugin, os.X_OK)), "")
    return (found,) if found else BUILDX


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
