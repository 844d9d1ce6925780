"""The reader of `docker buildx inspect`: the builder, and each node with its state and platforms."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bake_compiler.model.drivers import DriverFacts, facts_of
from bake_compiler.oci.platform import Platform

_FIELD = re.compile(r"([A-Z][A-Za-z ]*):[ \t]*(.*?)[ \t]*")
_NODES = "\nNodes:\n"
_TOLD = "*"  # behind a platform that the node was told to build


@dataclass(frozen=True)
class InspectedNode:
    """A node as it is now.

    Attributes:
        name: of the node.
        endpoint: where it is.
        state: `running`, `inactive` and the like; `error` if buildx could not reach it.
        error: why buildx could not reach it.
        version: of its BuildKit; empty if it prints none.
        platforms: that it builds for; first the platforms that it was told to build.
        is_told: whether it was told to build some platforms.
    """

    name: str
    endpoint: str
    state: str
    error: str
    version: str
    platforms: tuple[str, ...]
    is_told: bool = False

    @property
    def is_running(self) -> bool:
        """Whether it can build now."""
        return self.state == "running"

    @property
    def known(self) -> tuple[Platform, ...]:
        """Its platforms, without those that bakec does not know."""
        return tuple(platform for name in self.platforms if (platform := _known(name)))


@dataclass(frozen=True)
class InspectedBuilder:
    """What `docker buildx inspect` prints of a builder.

    Attributes:
        name, driver: of the builder; empty if buildx prints none, as it does when docker's daemon is down.
        nodes: of the builder, in order.
    """

    name: str
    driver: str
    nodes: tuple[InspectedNode, ...]

    @property
    def facts(self) -> DriverFacts:
        """What is known of its driver."""
        return facts_of(self.driver)

    @property
    def running(self) -> int:
        """How many of its nodes run."""
        return sum(node.is_running for node in self.nodes)

    @property
    def platforms(self) -> frozenset[Platform]:
        """The platforms of all its nodes."""
        return frozenset(platform for node in self.nodes for platform in node.known)

    def native(self, engine: Platform | None) -> frozenset[Platform]:
        """The platforms that a node has without emulation.

        BuildKit prints the platform of a node's machine first, but after the platforms that the node was told to build.
        Such a node in the engine has the engine's platform; of another node the first platform is taken.

        Args:
            engine: the platform of the engine's machine; None if it is not known.
        """
        return frozenset(
            engine if engine and node.is_told and self.facts.is_in_engine(node.endpoint) else node.known[0]
            for node in self.nodes
            if node.known
        )


def read_inspection(text: str) -> InspectedBuilder:
    """Read what `docker buildx inspect` prints; lines that are not of a builder or a node are left out.

    Source: buildx, commands/inspect.go. A value is on the line of its key, and may be empty.
    """
    head, _, nodes = text.partition(_NODES)
    builder = _fields(head)
    parts = re.split(r"^(?=Name:)", nodes, flags=re.MULTILINE)
    return InspectedBuilder(
        builder.get("name", ""),
        builder.get("driver", ""),
        tuple(_node(_fields(part)) for part in parts if part.strip()),
    )


def _fields(text: str) -> Mapping[str, str]:
    """Key in small letters → value, of the first line that has the key."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if match := _FIELD.fullmatch(line):
            found.setdefault(match[1].lower(), match[2])
    return found


def _node(fields: Mapping[str, str]) -> InspectedNode:
    names = [name.strip() for name in fields.get("platforms", "").split(",")]
    error = fields.get("error", "")
    return InspectedNode(
        fields.get("name", ""),
        fields.get("endpoint", ""),
        fields.get("status", "") or ("error" if error else "unknown"),
        error,
        fields.get("buildkit version", fields.get("buildkit", "")),
        tuple(name.rstrip(f" {_TOLD}") for name in names if name),
        any(name.endswith(_TOLD) for name in names),
    )


def _known(name: str) -> Platform | None:
    try:
        return Platform.parse(name)
    except ValueError:
        return None
