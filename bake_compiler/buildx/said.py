"""What docker, buildx and the builder print about themselves."""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from bake_compiler.buildx.inspection import InspectedBuilder, read_inspection
from bake_compiler.buildx.tools import CommandAnswer, Tools, read_version
from bake_compiler.oci.platform import Platform
from bake_compiler.system.tasks import together

_STARTING = 180.0  # buildx may have to pull the builder's image first
_REASON = re.compile(r'\bdesc = "(.+)"$')  # the error format of gRPC


@dataclass(frozen=True)
class Engine:
    """The content of `docker info`.

    Attributes:
        version: the engine's version; empty if the engine does not answer.
        folder: the folder in which the engine keeps its data.
        store: the driver and status of its image store, as the engine prints them.
        cores, memory: of the engine's machine, memory in bytes; 0 if docker does not print them.
        platform: of the engine's machine; None if docker does not print it.
    """

    version: str = ""
    folder: str = ""
    store: str = ""
    cores: int = 0
    memory: int = 0
    platform: Platform | None = None


@dataclass(frozen=True)
class Said:
    """The answers of docker, buildx and the builder.

    Attributes:
        version: the answer to `docker buildx version`.
        inspection: the answer to `docker buildx inspect`.
        info: the answer to `docker info`.
    """

    version: CommandAnswer
    inspection: CommandAnswer
    info: CommandAnswer

    @cached_property
    def buildx(self) -> tuple[int, int, int] | None:
        """The version of buildx; None if buildx prints none."""
        found = read_version(self.version)
        return found.numbers if found else None

    @cached_property
    def builder(self) -> InspectedBuilder:
        """The builder; its fields are empty where buildx prints nothing."""
        return read_inspection(self.inspection.text)

    @property
    def native(self) -> frozenset[Platform]:
        """The platforms that the builder runs natively."""
        return self.builder.native(self.engine.platform)

    @cached_property
    def engine(self) -> Engine:
        """The engine; its fields are empty where docker prints nothing."""
        return read_engine(self.info.text)


@dataclass(frozen=True)
class Machine:
    """The resources that a build can use.

    Attributes:
        driver: the builder's driver.
        nodes: the number of nodes that run.
        cores, memory: of each node, memory in bytes; 0 if not known.
        buildx: the words that start buildx.
    """

    driver: str
    nodes: int
    cores: int
    memory: int
    buildx: tuple[str, ...]


async def ask_all(tools: Tools, platforms: Sequence[Platform]) -> Said:
    """Return the answers of docker, buildx and the builder.

    If no node of the builder runs, or a node that does not run is needed for these platforms, bakec starts the builder.
    """
    async with together() as group:
        version = group.create_task(tools.ask(*tools.buildx, "version"))
        info = group.create_task(tools.ask("docker", "info", "--format", "{{json .}}"))
        inspection = await tools.ask(*tools.buildx, "inspect")
        builder = read_inspection(inspection.text)
        lacks = not builder.running or not builder.platforms.issuperset(platforms)
        if builder.running < len(builder.nodes) and lacks:
            inspection = await start_nodes(tools, inspection)
    return Said(version.result(), inspection, info.result())


async def start_nodes(
    tools: Tools, before: CommandAnswer, name: str = "", *, patience: float = _STARTING
) -> CommandAnswer:
    """Start the nodes of a builder, and return the new answer of `docker buildx inspect`.

    If the driver only connects to nodes, buildx waits 20 s for a node that does not answer, and does not print why:
    another command prints the reason. bakec does not wait if the reason is a certificate.

    Args:
        tools: how to call buildx.
        before: the answer of `docker buildx inspect` before.
        name: the builder's name; empty for the builder in use.
        patience: how long to wait, in seconds.
    """
    why = await _why_silent(tools, name) if read_inspection(before.text).facts.runs_elsewhere else ""
    refused = CommandAnswer(1, f"{before.text}\nERROR: {why}")
    if "tls: " in why:
        return refused
    answer = await tools.ask(*tools.buildx, "inspect", "--bootstrap", *[name] * bool(name), patience=patience)
    return refused if answer.refusal and why else answer


async def _why_silent(tools: Tools, name: str) -> str:
    """Return why a node does not answer; empty if all nodes answer."""
    answer = await tools.ask(*tools.buildx, "du", *["--builder", name] * bool(name))
    reason = _REASON.search(answer.refusal)
    return reason[1] if reason else answer.refusal.removeprefix("ERROR: ")


def machine_of(tools: Tools, said: Said) -> Machine:
    """Return the resources of the builder. Unknown values are taken from this machine."""
    cores, memory = said.engine.cores or os.cpu_count() or 1, said.engine.memory
    if tools.is_local:
        cores, memory = os.cpu_count() or 1, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(said.builder.driver, max(1, said.builder.running), cores, memory, tools.buildx)


def read_engine(info: str) -> Engine:
    """Return the engine that `docker info` prints as JSON, possibly between warnings.

    If there is no JSON, fields are empty.
    """
    try:
        told = json.loads(next((line for line in info.splitlines() if line.startswith("{")), ""))
    except ValueError:
        told = None
    if not isinstance(told, dict) or not told.get("ServerVersion"):
        return Engine()
    store = " ".join(map(str, (told.get("Driver"), told.get("DriverStatus"))))
    cores, memory = (told.get(name) for name in ("NCPU", "MemTotal"))
    return Engine(
        str(told["ServerVersion"]),
        str(told.get("DockerRootDir") or ""),
        store,
        cores if isinstance(cores, int) else 0,
        memory if isinstance(memory, int) else 0,
        _platform(f"{told.get('OSType', 'linux')}/{told.get('Architecture')}"),
    )


def _platform(name: str) -> Platform | None:
    try:
        return Platform.parse(name)
    except ValueError:
        return None
