"""The builder of a project: its nodes, its driver, and the mirrors of its BuildKit."""

import re
from collections.abc import Mapping
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from bake_compiler.model.base import Model
from bake_compiler.model.drivers import Driver, DriverFacts, facts_of
from bake_compiler.model.lists import ListOf
from bake_compiler.model.texts import (
    BuilderName,
    Endpoint,
    FilePath,
    Host,
    InstanceOf,
    OptionName,
    PlatformName,
    Text,
    platforms_of,
)

_PASSWORD = re.compile(r"://[^/@\s:]*:[^/@\s]+@")
_TLS = ("ca", "cert", "key")


def _check_option(text: str) -> str:
    if _PASSWORD.search(text):
        raise ValueError("holds a password, which buildx would store and show")
    if not text.isprintable():
        raise ValueError("holds a line break or another character that can't be printed")
    return text


Options: TypeAlias = Mapping[OptionName, Annotated[Text, AfterValidator(_check_option)]]


class Node(Model):
    """One machine of a builder."""

    endpoint: Endpoint = ""
    """where the node is.

    remote: BuildKit's address, `tcp://`, `unix://`, `ssh://`, `docker-container://` or `kube-pod://`. docker-container:
    an engine, `ssh://USER@HOST`, `unix://`, `tcp://` or the name of a docker context; empty for this machine's engine.
    kubernetes: empty, because KUBECONFIG names the cluster.
    """
    name: BuilderName | None = None
    """the node's name. Default: the builder's name and the number of the node."""
    platforms: ListOf[PlatformName] = ()
    """the platforms that this node builds even if other nodes could build them; empty for all platforms that it can
    build.
    """
    options: Options = Field(default_factory=dict)
    """the driver's options (`--driver-opt`), for this node only."""
    ca: FilePath | None = None
    """file with the CA certificate for TLS to a remote node, relative to the project's root."""
    cert: FilePath | None = None
    """file with the client certificate for TLS to a remote node, relative to the project's root."""
    key: FilePath | None = None
    """file with the client key for TLS to a remote node, relative to the project's root."""
    server_name: Host | None = None
    """the host name in the node's certificate, if it differs from the endpoint's host."""

    @property
    def tls(self) -> Mapping[str, str]:
        """The TLS files that are declared: `ca`, `cert` and `key`."""
        said = {name: getattr(self, name) for name in _TLS}
        return {name: path for name, path in said.items() if path is not None}


class Builder(Model):
    """The builder that `bakec builder up` creates and that builds use."""

    name: BuilderName
    """the builder's name. With driver docker: the name of the docker context."""
    driver: Driver = "docker-container"
    """docker-container runs BuildKit in a container of each node's engine. kubernetes runs BuildKit in pods.

    remote connects to a BuildKit that already runs. docker is the BuildKit in the engine, which always exists.
    """
    nodes: ListOf[Annotated[Node, InstanceOf(Node)]] = ()
    """the nodes. Default: one node on this machine."""
    options: Options = Field(default_factory=dict)
    """the driver's options (`--driver-opt`), for all nodes."""
    flags: ListOf[Annotated[Text, AfterValidator(_check_option)]] = ()
    """flags of the BuildKit daemon (`--buildkitd-flags`)."""
    mirrors: Mapping[Host, ListOf[Host]] = Field(default_factory=dict)
    """registry → mirrors that BuildKit asks first, such as `docker.io` → `mirror.example`."""
    certificates: Mapping[Host, ListOf[FilePath]] = Field(default_factory=dict)
    """registry → files with the CA certificates for this registry, relative to the project's root."""
    http: ListOf[Host] = ()
    """registries that BuildKit asks without TLS."""

    @model_validator(mode="after")
    def _check(self) -> "Builder":
        if not self.facts.is_the_engine and self.name == "default":
            raise ValueError("default is the name of docker's own builder; choose another one")
        self._check_daemon()
        for number, node in enumerate(self.all_nodes):
            self._check_node(number, node)
        self._check_once("name", [self.node_name(number) for number in range(len(self.nodes))])
        self._check_once("endpoint", [node.endpoint for node in self.nodes if not self.facts.endpoint_from])
        self._check_once("platform", [str(each) for node in self.nodes for each in platforms_of(node.platforms)])
        return self

    def _check_daemon(self) -> None:
        """Raise an error if the model configures a daemon and the driver starts no daemon."""
        names = ("flags", "mirrors", "certificates", "http", *["options"] * self.facts.is_the_engine)
        said = [name for name in names if getattr(self, name)]
        if said and not self.facts.starts_daemon:
            raise ValueError(f"{said[0]}: buildx starts no daemon for driver {self.driver}; configure it where it runs")
        if self.facts.is_the_engine and self.nodes:
            raise ValueError(f"nodes: driver {self.driver} has one, the engine of the docker context `name`")
        for host, files in self.certificates.items():
            self._check_once(f"certificates.{host}: file name", [file.rpartition("/")[2] for file in files])

    def _check_node(self, number: int, node: Node) -> None:
        place, facts, endpoint = f"nodes.{number}", self.facts, str(node.endpoint)
        if facts.endpoints and not endpoint.startswith(facts.endpoints):
            beginnings = ", ".join(facts.endpoints)
            raise ValueError(f"{place}: a {self.driver} node has an endpoint that begins with {beginnings}")
        if facts.endpoint_from and endpoint:
            raise ValueError(f"{place}: {self.driver} takes no endpoint; {facts.endpoint_from}")
        if (node.tls or node.server_name) and not endpoint.startswith(facts.tls_endpoints):
            raise ValueError(
                f"{place}: ca, cert, key and server_name are for a remote node at tcp://…; for an engine over TLS make "
                "a docker context (`docker context create`), and name it as endpoint"
            )
        if ("cert" in node.tls) != ("key" in node.tls):
            raise ValueError(f"{place}: cert and key go together")

    @staticmethod
    def _check_once(what: str, texts: list[str]) -> None:
        twice = sorted({text for text in texts if texts.count(text) > 1})
        if twice:
            raise ValueError(f"{what} {twice[0] or 'of this machine'!r} is there twice")

    @property
    def facts(self) -> DriverFacts:
        """The facts about the builder's driver."""
        return facts_of(self.driver)

    @property
    def all_nodes(self) -> tuple[Node, ...]:
        """The nodes; one node on this machine if no node is declared."""
        default = (Node(),) if self.facts.starts_daemon else ()
        if self.facts.runs_elsewhere and not self.nodes:
            raise ValueError(f"nodes: a {self.driver} builder needs at least one, with its endpoint")
        return tuple(self.nodes) or default

    def node_name(self, number: int) -> str:
        """Return buildx's name of a node."""
        return (self.all_nodes[number].name if self.nodes else None) or f"{self.name}{number}"
