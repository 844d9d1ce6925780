"""What docker, buildx, the builder and git say of themselves, before anything is built."""

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
"""Seconds after which a command that should answer at once is given up."""


@dataclass(frozen=True)
class CommandAnswer:
    """What a command said.

    Attributes:
        status: that it ended with.
        text: all that it printed.
        trouble: why it could not be asked; empty when it was.
    """

    status: int
    text: str
    trouble: str = ""

    @property
    def refusal(self) -> str:
        """Why it answers nothing, in a line; empty when it ended well."""
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
    """What `docker buildx version` prints: `github.com/docker/buildx v0.29.1 a32761a`; None if there is no version."""
    found = None if answer.refusal else re.search(r"\bv?((\d+)\.(\d+)\.(\d+)\S*)", answer.text)
    return BuildxVersion(found[1], (int(found[2]), int(found[3]), int(found[4]))) if found else None


@dataclass(frozen=True)
class Tools:
    """How docker and buildx are called.

    Attributes:
        runner: runs commands.
        root: where.
        env: their environment.
        buildx: the words that start buildx.
    """

    runner: Runner
    root: Path
    env: Mapping[str, str]
    buildx: tuple[str, ...]

    async def ask(self, *argv: str, patience: float = PATIENCE) -> CommandAnswer:
        """What a short command says; one that does not end is not waited for."""
        try:
            async with asyncio.timeout(patience):
                return CommandAnswer(*await output_of(self.runner, Command(argv, self.env, self.root)))
        except PreflightError as error:
            return CommandAnswer(-1, "", error.message)
        except TimeoutError:
            return CommandAnswer(-1, "", f"`{shlex.join(argv)}` does not end within {patience:.0f} s")

    async def version(self) -> BuildxVersion | None:
        """The version of buildx; None if there is no buildx."""
        return read_version(await self.ask(*self.buildx, "version"))

    @property
    def is_local(self) -> bool:
        """Whether the engine runs on this machine: not on another one, such as Docker Desktop's."""
        host = self.env.get("DOCKER_HOST", "")
        return sys.platform == "linux" and not self.env.get("DOCKER_CONTEXT") and (not host or host.startswith("unix:"))


def find_buildx(env: Mapping[str, str]) -> tuple[str, ...]:
    """The words that start buildx: its own file where docker keeps it, which saves a process and half the time.

    Source: docker/cli, cli-plugins/manager, for where docker looks. What is not found there, docker itself may find.
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
