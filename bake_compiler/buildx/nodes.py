"""What `docker buildx inspect` tells of each node: whether it runs, and what it can build for."""

import re
from dataclasses import dataclass

_FIELD = re.compile(r"^([A-Z][A-Za-z ]*):[ \t]*(.*)$")


@dataclass(frozen=True)
class NodeState:
    """A node as it is now.

    Attributes:
        name: of the node.
        endpoint: where it is.
        state: `running`, `inactive` and the like; `error` when buildx could not reach it.
        error: why not.
        version: of its BuildKit; empty when it does not tell.
        platforms: that it builds for, those first that it was told to build.
    """

    name: str
    endpoint: str
    state: str
    error: str
    version: str
    platforms: tuple[str, ...]

    @property
    def is_running(self) -> bool:
        """Whether it can build now."""
        return self.state == "running"


def read_name(inspection: str) -> str:
    """The builder that `docker buildx inspect` tells of; empty when it tells of none."""
    found = re.search(r"^Name:\s*(\S+)", inspection, re.MULTILINE)
    return found[1] if found else ""


def read_driver(inspection: str) -> str:
    """The driver that `docker buildx inspect` names; empty when it names none."""
    found = re.search(r"^Driver:\s*(\S+)", inspection, re.MULTILINE)
    return found[1] if found else ""


def read_states(inspection: str) -> tuple[NodeState, ...]:
    """The nodes of which `docker buildx inspect` tells."""
    _, _, nodes = inspection.partition("\nNodes:\n")
    return tuple(_state(part) for part in re.split(r"^(?=Name:)", nodes, flags=re.MULTILINE) if part.strip())


def _state(text: str) -> NodeState:
    said: dict[str, str] = {}
    for line in text.splitlines():
        if found := _FIELD.match(line):
            said.setdefault(found[1].lower(), found[2].strip())
    names = (name.strip(" *") for name in said.get("platforms", "").split(","))
    error = said.get("error", "")
    return NodeState(
        said.get("name", ""),
        said.get("endpoint", ""),
        said.get("status", "") or ("error" if error else "unknown"),
        error,
        said.get("buildkit version", said.get("buildkit", "")),
        tuple(name for name in names if name),
    )
