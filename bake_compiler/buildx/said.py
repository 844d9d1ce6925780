"""What docker, buildx and the builder say of themselves."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from bake_compiler.buildx.tools import Answer, Tools
from bake_compiler.model.drivers import in_engine
from bake_compiler.oci.platform import Platform
from bake_compiler.system.tasks import together

_STARTING = 180.0  # a builder may be an image that must be pulled first


_REASON = re.compile(r'\bdesc = "(.+)"$')  # as gRPC tells it


_NODE = re.compile(r"^(Status|Error|Endpoint|Platforms):[ \t]*(.*?)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True)
class Builder:
    """What `docker buildx inspect` tells of a builder.

    Attributes:
        driver: of it; empty when it tells none.
        nodes, running: how many it has, and how many of them run.
        platforms: of all its nodes.
        native: those that a node has without emulation.
    """

    driver: str
    nodes: int
    running: int
    platforms: frozenset[Platform]
    native: frozenset[Platform] = frozenset()


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

    version: Answer
    inspection: Answer
    info: Answer

    @cached_property
    def buildx(self) -> tuple[int, int, int] | None:
        """The version of buildx; None when it tells none."""
        match = re.search(r"\bv?(\d+)\.(\d+)\.(\d+)", self.version.text)
        return (int(match[1]), int(match[2]), int(match[3])) if match and not self.version.refusal else None

    @cached_property
    def builder(self) -> Builder:
        """The builder, as far as it tells."""
        return read_builder(self.inspection.text, self.engine.platform)

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
        builder = read_builder(inspection.text)
        lacks = not builder.running or not builder.platforms.issuperset(platforms)
        if builder.running < builder.nodes and lacks:
            inspection = await start_nodes(tools, inspection)
    return Said(version.result(), inspection, info.result())


async def start_nodes(tools: Tools, before: Answer, name: str = "", *, patience: float = _STARTING) -> Answer:
    """What a builder says of itself when its nodes were started.

    A node of driver remote runs already, or buildx waits 20 s for it, and then says nothing of why it does not answer:
    another command does. What is wrong with certificates is not waited for.

    Args:
        tools: how buildx is called.
        before: what it said of itself before.
        name: of the builder; empty for the one in use.
        patience: in seconds.
    """
    why = await _why_silent(tools, name) if read_builder(before.text).driver == "remote" else ""
    refused = Answer(1, f"{before.text}\nERROR: {why}")
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


def read_builder(inspection: str, engine: Platform | None = None) -> Builder:
    """What `docker buildx inspect` says; platforms that bakec does not know are left out.

    Args:
        inspection: its words.
        engine: the platform of the engine's machine, where that is known.
    """
    found = re.search(r"^Driver:\s*(\S+)", inspection, re.MULTILINE)
    driver = found[1] if found else ""
    parts = re.split(r"^(?=Name:)", inspection.rpartition("\nNodes:\n")[2], flags=re.MULTILINE)
    nodes = [dict(_NODE.findall(part)) for part in parts]
    states = [node.get("Status", "") for node in nodes if node.keys() & {"Status", "Error"}]
    return Builder(
        driver,
        len(states),
        states.count("running"),
        frozenset(platform for node in nodes for platform in _platforms(node)),
        frozenset(platform for node in nodes for platform in _own(driver, node, engine)),
    )


def _platforms(node: Mapping[str, str]) -> list[Platform]:
    return [platform for name in node.get("Platforms", "").split(",") for platform in _known(name.strip(" *"))]


def _own(driver: str, node: Mapping[str, str], engine: Platform | None) -> list[Platform]:
    """The platform of a node's machine: BuildKit names it first, but after those that the node was told to build.

    Those have a star. Where the machine is not known by its engine, the first is taken at its word.
    """
    if engine and "*" in node.get("Platforms", "") and in_engine(driver, node.get("Endpoint", "")):
        return [engine]
    return _platforms(node)[:1]


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
        next(iter(_known(f"{told.get('OSType', 'linux')}/{told.get('Architecture')}")), None),
    )


def _known(name: str) -> tuple[Platform, ...]:
    try:
        return (Platform.parse(name),)
    except ValueError:
        return ()
