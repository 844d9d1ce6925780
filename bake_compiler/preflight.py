"""What must be true of this machine before anything is built: found in a second, not after an hour."""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bake_compiler.buildx import BUILDX
from bake_compiler.errors import PreflightError
from bake_compiler.oci.platform import Platform
from bake_compiler.process import Command, Runner, output_of
from bake_compiler.together import together

OLDEST_BUILDX = (0, 13)


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

    async def output(self, *argv: str) -> tuple[int, str]:
        """The exit status of a command, and all that it said.

        Raises:
            PreflightError: there is no such program.
        """
        return await output_of(self.runner, Command(argv, self.env, self.root))

    @property
    def is_local(self) -> bool:
        """Whether the engine runs on this machine: not on another one, such as Docker Desktop's."""
        host = self.env.get("DOCKER_HOST", "")
        return sys.platform == "linux" and not self.env.get("DOCKER_CONTEXT") and (not host or host.startswith("unix:"))


@dataclass(frozen=True)
class Builder:
    """What `docker buildx inspect` tells of a builder.

    Attributes:
        driver: of it; empty when it tells none.
        nodes, running: how many it has, and how many of them run.
        platforms: of all its nodes.
    """

    driver: str
    nodes: int
    running: int
    platforms: frozenset[Platform]


@dataclass(frozen=True)
class Machine:
    """What a build has to work with.

    Attributes:
        driver: of the builder.
        nodes: how many it has that run.
        cores, memory: of each node, memory in bytes; 0 where it is not known.
        buildx: the words that start buildx.
    """

    driver: str
    nodes: int
    cores: int
    memory: int
    buildx: tuple[str, ...]


async def check_machine(tools: Tools, platforms: Sequence[Platform]) -> Machine:
    """Return if buildx is there, new enough, and its builder can build for all platforms.

    Raises:
        PreflightError: what is missing, and what mends it.
    """
    async with together() as group:
        group.create_task(_check_version(tools))
        inspection = group.create_task(tools.output(*tools.buildx, "inspect"))
        size = group.create_task(_size_of_engine(tools))
    (status, text), (cores, memory) = inspection.result(), size.result()
    _refuse("the builder does not answer", status, text)
    builder = read_builder(text)
    if not builder.platforms.issuperset(platforms) and builder.running < builder.nodes:
        status, text = await tools.output(*tools.buildx, "inspect", "--bootstrap")
        _refuse("the builder can't be started", status, text)
        builder = read_builder(text)
    if missing := [str(platform) for platform in platforms if platform not in builder.platforms]:
        able = ", ".join(map(str, sorted(builder.platforms)))
        raise PreflightError(
            f"the builder can't build for {', '.join(missing)}; it can for {able}",
            hint="register QEMU with binfmt_misc (flags POCF), or add a native node: `docker buildx create --append`",
        )
    return Machine(builder.driver, max(1, builder.running), cores, memory, tools.buildx)


def _refuse(what: str, status: int, text: str) -> None:
    if status:
        last = text.strip().splitlines()[-1] if text.strip() else f"exit status {status}"
        raise PreflightError(f"{what}: {last}", hint="is Docker running? see `docker buildx ls`")


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


async def _size_of_engine(tools: Tools) -> tuple[int, int]:
    """Cores and bytes of memory of the machine that the engine runs on."""
    if tools.is_local:
        return os.cpu_count() or 1, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    status, text = await tools.output("docker", "info", "--format", "{{.NCPU}} {{.MemTotal}}")
    match = re.fullmatch(r"(\d+) (\d+)", text.strip())
    return (int(match[1]) or 1, int(match[2])) if match and not status else (os.cpu_count() or 1, 0)


async def _check_version(tools: Tools) -> None:
    status, text = await tools.output(*tools.buildx, "version")
    match = re.search(r"\bv?(\d+)\.(\d+)\.\d+", text)
    if status or not match:
        raise PreflightError("docker has no buildx", hint="install the docker-buildx plugin")
    if (int(match[1]), int(match[2])) < OLDEST_BUILDX:
        raise PreflightError(f"buildx {match[0]} is too old", hint="install buildx 0.13 or later")


def read_builder(inspection: str) -> Builder:
    """What `docker buildx inspect` says; platforms that bakec does not know are left out."""
    driver = re.search(r"^Driver:\s*(\S+)", inspection, re.MULTILINE)
    states = re.findall(r"^Status:\s*(\S+)", inspection, re.MULTILINE)
    lines = re.findall(r"^Platforms:(.*)$", inspection, re.MULTILINE)
    names = [name.strip(" *") for line in lines for name in line.split(",")]
    platforms = frozenset(platform for name in names if name for platform in _known(name))
    return Builder(driver[1] if driver else "", len(states), states.count("running"), platforms)


def _known(name: str) -> tuple[Platform, ...]:
    try:
        return (Platform.parse(name),)
    except ValueError:
        return ()


async def source_variables(runner: Runner, root: Path, env: Mapping[str, str]) -> dict[str, str]:
    """REVISION and, when nothing is changed, SOURCE_DATE_EPOCH of the git checkout; empty outside of one."""

    async def git(*words: str) -> str | None:
        try:
            status, text = await output_of(runner, Command(("git", *words), env, root))
        except PreflightError:
            return None
        return None if status else text.strip()

    revision = await git("rev-parse", "--verify", "HEAD")
    if not revision:
        return {}
    if await git("status", "--porcelain"):
        return {"REVISION": f"{revision}-dirty"}
    return {"REVISION": revision, "SOURCE_DATE_EPOCH": await git("log", "-1", "--format=%ct") or ""}
