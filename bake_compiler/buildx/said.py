"""What docker, buildx and the builder say of themselves."""

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

_STARTING = 180.0  # a builder may be an image that must be pulled first
_REASON = re.compile(r'\bdesc = "(.+)"$')  # as gRPC tells it


@dataclass(frozen=True)
class Engine:
    """What `docker info` tells of the engine.

    Attributes:
        version: of it; empty when it does not answer.
        folder: where it keeps its things.
        store: the driver and status of its image store, in its own words.
        cores, memory: of its machine, memory in bytes; 0 where it does not tell.
        platform: of its machine; None where it does not tell.
    """

    version: str = ""
    folder: str = ""
    store: str = ""
    cores: int = 0
    memory: int = 0
    platform: Platform | None = None


@dataclass(frozen=True)
class Said:
    """What docker, buildx and the builder say of themselves.

    Attributes:
        version: of buildx.
        inspection: of its builder.
        info: of the engine.
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
        """The builder, as far as buildx prints it."""
        return read_inspection(self.inspection.text)

    @property
    def native(self) -> frozenset[Platform]:
        """The platforms that the builder has without emulation."""
        return self.builder.native(self.engine.platform)

    @cached_property
    def engine(self) -> Engine:
        """The engine, as far as it tells."""
        return read_engine(self.info.text)


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


async def ask_all(tools: Tools, platforms: Sequence[Platform]) -> Said:
    """Ask docker, buildx and the builder; the builder is started where none of it runs, or these platforms need it."""
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
    """What a builder says of itself when its nodes were started.

    If the driver only connects to nodes, buildx waits 20 s for a node that does not answer, and does not print why:
    another command prints the reason. bakec does not wait if the reason is a certificate.

    Args:
        tools: how buildx is called.
        before: what it said of itself before.
        name: of the builder; empty for the one in use.
        patience: in seconds.
    """
    why = await _why_silent(tools, name) if read_inspection(before.text).facts.runs_elsewhere else ""
    refused = CommandAnswer(1, f"{before.text}\nERROR: {why}")
    if "tls: " in why:
        return refused
    answer = await tools.ask(*tools.buildx, "inspect", "--bootstrap", *[name] * bool(name), patience=patience)
    return refused if answer.refusal and why else answer


async def _why_silent(tools: Tools, name: str) -> str:
    """Why a node does not answer; empty when all do."""
    answer = await tools.ask(*tools.buildx, "du", *["--builder", name] * bool(name))
    reason = _REASON.search(answer.refusal)
    return reason[1] if reason else answer.refusal.removeprefix("ERROR: ")


def machine_of(tools: Tools, said: Said) -> Machine:
    """What there is to build with; what is not known is taken to be as here."""
    cores, memory = said.engine.cores or os.cpu_count() or 1, said.engine.memory
    if tools.is_local:
        cores, memory = os.cpu_count() or 1, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(said.builder.driver, max(1, said.builder.running), cores, memory, tools.buildx)


def read_engine(info: str) -> Engine:
    """What `docker info` says, as JSON and between warnings; nothing where it says something else."""
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
