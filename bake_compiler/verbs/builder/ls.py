"""bakec builder ls: the builder as it is, each node with its state and platforms."""

import re
from dataclasses import dataclass
from typing import Literal

from typing_extensions import TypedDict

from bake_compiler.buildx.inspection import InspectedNode, read_inspection
from bake_compiler.buildx.tools import Tools
from bake_compiler.errors import PreflightError
from bake_compiler.model.builder import Builder
from bake_compiler.model.drivers import facts_of
from bake_compiler.oci.platform import Platform
from bake_compiler.system.environment import BUILDX_BUILDER
from bake_compiler.verbs.builder.state import LOOKING, builder_difference

_ABSENT = re.compile(r"\bno builder .* found")


@dataclass(frozen=True)
class BuilderStatus:
    """The present state of a builder.

    Attributes:
        name, driver: of the builder; if there is no builder, the described driver.
        exists: whether buildx has the builder.
        diff: from the builder to its description; empty if they are the same, or if the project describes no builder.
        is_described: whether the project describes a builder.
        nodes: the nodes, in their present state.
        host: the platform of this machine.
    """

    name: str
    driver: str
    exists: bool
    diff: str
    is_described: bool
    nodes: tuple[InspectedNode, ...]
    host: Platform

    @property
    def matches(self) -> bool:
        """Whether the builder exists and is as the project describes it."""
        return self.exists and not self.diff


async def look_at(tools: Tools, builder: Builder | None, host: Platform) -> BuilderStatus:
    """Return the state of the project's builder. If the project describes no builder, use the builder in use.

    Raises:
        ModelError: a file that the model names does not exist.
        PreflightError: buildx is not installed.
    """
    name = builder.name if builder else tools.env.get(BUILDX_BUILDER, "")
    answer = await tools.ask(*tools.buildx, "inspect", *[name] * bool(name), patience=LOOKING)
    if answer.refusal and (builder is None or not _ABSENT.search(answer.refusal)):
        raise PreflightError(f"the builder does not answer: {answer.refusal}", hint="see `docker buildx ls`")
    text = "" if answer.refusal else answer.text
    found = read_inspection(text)
    driver = found.driver or (builder.driver if builder else "")
    diff = builder_difference(tools, builder) if builder else ""
    if builder and builder.facts.is_the_engine and driver != builder.driver:
        diff = f"-driver {driver}\n+driver {builder.driver}\n"
    name = builder.name if builder else found.name
    return BuilderStatus(name, driver, bool(text), diff, builder is not None, found.nodes, host)


class NodePlatformDocument(TypedDict):
    """A platform that a node builds for."""

    platform: str
    """Such as `linux/arm64`."""
    how: Literal["native", "emulated", "unknown"]
    """`unknown` if the node is on another machine or does not run."""


class NodeDocument(TypedDict):
    """One node of a builder."""

    name: str
    """The node's name."""
    endpoint: str
    """Its address; may be empty for a node in the engine of this machine."""
    state: str
    """As buildx prints it, such as `running` or `inactive`."""
    error: str
    """Why the node does not answer; otherwise empty."""
    buildkit: str
    """The version of its BuildKit; empty if it does not answer."""
    platforms: list[NodePlatformDocument]
    """The platforms that it builds for."""


class BuilderDocument(TypedDict):
    """The project's builder, or the builder in use if the project describes none."""

    schema: Literal["bakec.builder/1"]
    name: str
    """The builder's name."""
    driver: str
    """The driver; the described one if there is no builder yet."""
    exists: bool
    """Whether buildx knows the builder."""
    described: bool
    """Whether the project describes a builder."""
    matches: bool | None
    """Whether it is as the project describes it; null if the project describes none."""
    diff: str
    """From the builder to its description; empty if they are the same."""
    nodes: list[NodeDocument]
    """Its nodes, as they are now."""


def seen_document(seen: BuilderStatus) -> BuilderDocument:
    """Return the state as plain dicts and lists."""
    return {
        "schema": "bakec.builder/1",
        "name": seen.name,
        "driver": seen.driver,
        "exists": seen.exists,
        "described": seen.is_described,
        "matches": seen.matches if seen.is_described else None,
        "diff": seen.diff,
        "nodes": [_node_document(seen, node) for node in seen.nodes],
    }


def _node_document(seen: BuilderStatus, node: InspectedNode) -> NodeDocument:
    return {
        "name": node.name,
        "endpoint": node.endpoint,
        "state": node.state,
        "error": node.error,
        "buildkit": node.version,
        "platforms": [{"platform": name, "how": _how(seen, node, name)} for name in node.platforms],
    }


def _how(seen: BuilderStatus, node: InspectedNode, name: str) -> Literal["native", "emulated", "unknown"]:
    """Return `native` or `emulated` for a node on this machine. BuildKit does not print this for other machines."""
    architectures = {each.split("/")[1] for each in node.platforms if "/" in each}
    own = seen.host.architecture
    if len(architectures) == 1 and node.is_running:
        return "native"
    if not facts_of(seen.driver).is_local(node.endpoint) or not node.is_running:
        return "unknown"
    family = {own, *({"386"} if own == "amd64" else {"arm"} if own == "arm64" else ())}
    return "native" if name.split("/")[1] in family else "emulated"


def render_seen(seen: BuilderStatus) -> str:
    """Return the state as a person reads it."""
    lines = [f"builder {seen.name}, driver {seen.driver}: {_verdict(seen)}"]
    document = seen_document(seen)
    for node in document["nodes"]:
        version = f", BuildKit {node['buildkit']}" if node["buildkit"] else ""
        error = f": {node['error']}" if node["error"] else ""
        lines.append(f"  {node['name']}  {node['endpoint'] or 'this machine'}  {node['state']}{version}{error}")
        for how in ("native", "emulated", "unknown"):
            names = [each["platform"] for each in node["platforms"] if each["how"] == how]
            said = {"unknown": "native or emulated, it does not tell"}.get(how, how)
            lines += [f"    {', '.join(names)} ({said})"] if names else []
    return "".join(f"{line}\n" for line in lines) + seen.diff


def _verdict(seen: BuilderStatus) -> str:
    if not seen.is_described:
        return "in use; the project describes none"
    if not seen.exists:
        return "is not there; `bakec builder up` makes it"
    return (
        "as the project describes it"
        if seen.matches
        else "not as the project describes it; `bakec builder up` changes it"
    )
