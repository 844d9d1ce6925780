"""The builder of a project: where its images are built, by which nodes, through which mirrors."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from bake_compiler.model.base import Model
from bake_compiler.model.texts import BuilderName, Endpoint, FilePath, Host, InstanceOf, OptionName, PlatformName, Text

Driver: TypeAlias = Literal["docker-container", "remote", "kubernetes", "docker"]

_PASSWORD = re.compile(r"://[^/@\s:]*:[^/@\s]+@")
_TLS = ("ca", "cert", "key")
_REMOTE = ("unix://", "tcp://", "docker-container://", "kube-pod://", "ssh://")


def _check_option(text: str) -> str:
    if _PASSWORD.search(text):
        raise ValueError("holds a password, which buildx would store and show")
    if not text.isprintable():
        raise ValueError("holds a line break or another character that can't be printed")
    return text


Options: TypeAlias = Mapping[OptionName, Annotated[Text, AfterValidator(_check_option)]]


class Node(Model):
    """One machine of a builder.

    Attributes:
        endpoint: where it is. remote: BuildKit's address, `tcp://`, `unix://`, `ssh://`, `docker-container://` or
            `kube-pod://`. docker-container: an engine, `ssh://USER@HOST`, `unix://`, `tcp://` or the name of a docker
            context; empty for this machine's. kubernetes: empty, the cluster is KUBECONFIG's.
        name: of the node; the builder's with the node's number when nothing is said.
        platforms: that are built there, though other nodes could too; empty for all that it can.
        options: of the driver (`--driver-opt`) for this node alone.
        ca, cert, key: files with what TLS to a remote node needs, relative to the project's root.
        server_name: that its certificate is for, when it is not the endpoint's.
    """

    endpoint: Endpoint = ""
    name: BuilderName | None = None
    platforms: tuple[PlatformName, ...] = ()
    options: Options = Field(default_factory=dict)
    ca: FilePath | None = None
    cert: FilePath | None = None
    key: FilePath | None = None
    server_name: Host | None = None

    @property
    def tls(self) -> Mapping[str, str]:
        """What TLS needs: `ca`, `cert` and `key`, as far as they are said."""
        said = {name: getattr(self, name) for name in _TLS}
        return {name: path for name, path in said.items() if path is not None}


class Builder(Model):
    """The builder that `bakec builder up` makes, and that builds go to.

    Attributes:
        name: of the builder. With driver docker: of the docker context.
        driver: docker-container runs BuildKit in a container of each node's engine, kubernetes in pods; remote takes
            what runs already; docker is the engine's own, which is there anyway.
        nodes: one or more; one on this machine when nothing is said.
        options: of the driver (`--driver-opt`), for all nodes.
        flags: of the BuildKit daemon (`--buildkitd-flags`).
        mirrors: registry → those that are asked before it, such as `docker.io` → `mirror.example`.
        certificates: registry → files with the CA certificates that it is trusted by, relative to the project's root.
        http: registries that are asked without TLS.
    """

    name: BuilderName
    driver: Driver = "docker-container"
    nodes: tuple[Annotated[Node, InstanceOf(Node)], ...] = ()
    options: Options = Field(default_factory=dict)
    flags: tuple[Annotated[Text, AfterValidator(_check_option)], ...] = ()
    mirrors: Mapping[Host, tuple[Host, ...]] = Field(default_factory=dict)
    certificates: Mapping[Host, tuple[FilePath, ...]] = Field(default_factory=dict)
    http: tuple[Host, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> "Builder":
        if self.driver != "docker" and self.name == "default":
            raise ValueError("default is the name of docker's own builder; choose another one")
        self._check_daemon()
        for number, node in enumerate(self.all_nodes):
            self._check_node(number, node)
        self._check_once("name", [self.node_name(number) for number in range(len(self.nodes))])
        self._check_once("endpoint", [node.endpoint for node in self.nodes if self.driver != "kubernetes"])
        self._check_once("platform", [str(platform) for node in self.nodes for platform in set(node.platforms)])
        return self

    def _check_daemon(self) -> None:
        """What is told to a BuildKit daemon must have one that buildx starts."""
        names = ("flags", "mirrors", "certificates", "http", *["options"] * (self.driver == "docker"))
        said = [name for name in names if getattr(self, name)]
        if self.driver in {"remote", "docker"} and said:
            raise ValueError(f"{said[0]}: buildx starts no daemon for driver {self.driver}; configure it where it runs")
        if self.driver == "docker" and self.nodes:
            raise ValueError("nodes: driver docker has one, the engine of the docker context `name`")
        for host, files in self.certificates.items():
            self._check_once(f"certificates.{host}: file name", [file.rpartition("/")[2] for file in files])

    def _check_node(self, number: int, node: Node) -> None:
        place = f"nodes.{number}"
        if self.driver == "remote" and not str(node.endpoint).startswith(_REMOTE):
            raise ValueError(f"{place}: a remote node has an endpoint that begins with {', '.join(_REMOTE)}")
        if self.driver == "kubernetes" and node.endpoint:
            raise ValueError(f"{place}: kubernetes takes no endpoint; KUBECONFIG says which cluster")
        if (node.tls or node.server_name) and not (self.driver == "remote" and str(node.endpoint).startswith("tcp://")):
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
    def all_nodes(self) -> tuple[Node, ...]:
        """Its nodes; one on this machine when none is said."""
        return self.nodes or ((Node(),) if self.driver in {"docker-container", "kubernetes"} else self._no_nodes())

    def _no_nodes(self) -> tuple[Node, ...]:
        if self.driver == "remote":
            raise ValueError("nodes: a remote builder needs at least one, with its endpoint")
        return ()

    def node_name(self, number: int) -> str:
        """What buildx calls a node."""
        return (self.all_nodes[number].name if self.nodes else None) or f"{self.name}{number}"
