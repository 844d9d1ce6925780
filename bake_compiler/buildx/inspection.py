"""The parser of `docker buildx inspect`: the builder, and each node with its state and platforms."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bake_compiler.model.drivers import DriverFacts, facts_of
from bake_compiler.oci.platform import Platform

_FIELD = re.compile(r"([A-Z][A-Za-z ]*):[ \t]*(.*?)[ \t]*")
_NODES = "\nNodes:\n"
_TOLD = "*"  # marks a platform that the node was configured to build


@dataclass(frozen=True)
class InspectedNode:
    """A node of a builder, as buildx prints it now.

    Attributes:
        name: of the node.
        endpoint: address or docker context of the node.
        state: `running`, `inactive` and the like; `error` if buildx could not reach it.
        error: why buildx could not reach it.
        version: of the node's BuildKit; empty if buildx prints no version.
        platforms: the platforms that the node builds for; the configured platforms come first.
        is_told: whether platforms were configured for the node.
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
        """Whether the node can build now."""
        return self.state == "running"

    @property
    def known(self) -> tuple[Platform, ...]:
        """The node's platforms, without those platforms that bakec does not know."""
        return tuple(platform for name in self.platforms if (platform := _known(name)))


@dataclass(frozen=True)
class InspectedBuilder:
    """The builder that `docker buildx inspect` describes.

    Attributes:
        name, driver: of the builder; empty if buildx prints none, for example because dockerd does not run.
        nodes: the builder's nodes, in buildx's order.
    """

    name: str
    driver: str
    nodes: tuple[InspectedNode, ...]

    @property
    def facts(self) -> DriverFacts:
        """The facts about the builder's driver."""
        return facts_of(self.driver)

    @property
    def running(self) -> int:
        """The number of nodes that run."""
        return sum(node.is_running for node in self.nodes)

    @property
    def platforms(self) -> frozenset[Platform]:
        """The platforms of all its nodes."""
        return frozenset(platform for node in self.nodes for platform in node.known)

    def native(self, engine: Platform | None) -> frozenset[Platform]:
        """Return the platforms that the builder's nodes run natively.

        BuildKit prints the platform of a node's machine first, but after the platforms that were configured for the
        node. For a
        node with configured platforms, the result has the engine's platform if the node is in the engine. For other
        such nodes,
        the first configured platform counts.

        Args:
            engine: the platform of the engine's machine; None if it is not known.
        """
        return frozenset(
            engine if engine and node.is_told and self.facts.is_in_engine(node.endpoint) else node.known[0]
            for node in self.nodes
            if node.known
        )


def read_inspection(text: str) -> InspectedBuilder:
    """Return the builder that `docker buildx inspect` prints. Lines about other things are left out.

    Source: buildx, commands/inspect.go. A value stands on the line of its key, and may be empty.
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
    """Return key in lower case → value. If a key stands twice, the first line counts."""
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
