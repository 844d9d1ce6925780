"""A builder as a value: the builder that the project describes, or the builder that buildx has stored.

Source: buildx, store/nodegroup.go, for the file of a stored builder. The format is the same in 0.13 and 0.29. The file
contains the daemon's configuration, which `docker buildx inspect` of 0.13 does not print.
"""

import json
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bake_compiler.builder.config import described_config, digest_of, stored_config
from bake_compiler.model.builder import Builder
from bake_compiler.model.texts import platforms_of
from bake_compiler.oci.platform import Platform

_BY_ITSELF = "--allow-insecure-entitlement=network.host"
"""The flag that buildx adds to a daemon's flags."""
_TLS = {"ca": "cacert", "cert": "cert", "key": "key"}


@dataclass(frozen=True)
class InstanceNode:
    """A node of a builder.

    Attributes:
        name: of the node.
        endpoint: address or docker context of the node; empty if buildx chooses.
        platforms: the platforms that this node builds even if other nodes could build them; sorted.
        options: the driver's options.
        flags: the flags of the BuildKit daemon, without the flag that buildx adds.
        config: the configuration of the BuildKit daemon: name of a setting → its value.
    """

    name: str
    endpoint: str = ""
    platforms: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    config: Mapping[str, str] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        """Yield the lines that describe the node to a person."""
        yield f"node {self.name}"
        if self.endpoint:
            yield f"  endpoint {self.endpoint}"
        if self.platforms:
            yield f"  platforms {', '.join(self.platforms)}"
        for name, value in sorted(self.options.items()):
            yield f"  option {name} = {json.dumps(value, ensure_ascii=False)}"
        if self.flags:
            yield f"  flags {json.dumps(list(self.flags), ensure_ascii=False)}"
        for name, value in sorted(self.config.items()):
            yield f"  {name} = {value}"


@dataclass(frozen=True)
class Instance:
    """A builder.

    Attributes:
        name: the builder's name.
        driver: the builder's driver.
        nodes: the nodes, sorted by name.
    """

    name: str
    driver: str
    nodes: tuple[InstanceNode, ...]

    @property
    def by_name(self) -> Mapping[str, InstanceNode]:
        """The nodes by name."""
        return {node.name: node for node in self.nodes}

    def lines(self) -> Iterator[str]:
        """Yield the lines that describe the builder to a person, and that a diff compares."""
        yield f"builder {self.name}"
        yield f"driver {self.driver}"
        for node in sorted(self.nodes, key=lambda node: node.name):
            yield from node.lines()


def described(builder: Builder, root: Path, certificates: Mapping[str, bytes]) -> Instance:
    """Return the builder that a project describes.

    Args:
        builder: the model of the builder.
        root: the project's root; paths in the model are relative to it.
        certificates: path in the project → content.
    """
    config = described_config(builder, {path: digest_of(content) for path, content in certificates.items()})
    flags = _flags(builder.flags)

    def nodes() -> Iterator[InstanceNode]:
        for number, node in enumerate(builder.all_nodes):
            tls = {_TLS[name]: str(root / path) for name, path in node.tls.items()}
            server = {"servername": node.server_name} if node.server_name else {}
            options = {**builder.options, **node.options, **tls, **server}
            platforms = tuple(map(str, sorted(platforms_of(node.platforms))))
            yield InstanceNode(builder.node_name(number), node.endpoint, platforms, options, flags, config)

    return Instance(builder.name, builder.driver, tuple(nodes()))


def stored(text: str) -> Instance:
    """Return the builder that a file in buildx's store describes.

    Raises:
        ValueError: the file does not describe a builder.
    """
    try:
        read = json.loads(text)
        return Instance(read["Name"], read["Driver"], tuple(map(_stored_node, read["Nodes"])))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no builder: {type(error).__name__} {error}") from error


def _stored_node(read: Mapping[str, Any]) -> InstanceNode:
    files = {name: b64decode(content) for name, content in (read.get("Files") or {}).items()}
    flags = read.get("BuildkitdFlags", read.get("Flags")) or ()
    return InstanceNode(
        read["Name"],
        read["Endpoint"],
        tuple(map(str, sorted(_platform(each) for each in read.get("Platforms") or ()))),
        read.get("DriverOpts") or {},
        _flags(flags),
        stored_config(files) if files else {},
    )


def _platform(read: Mapping[str, str]) -> Platform:
    return Platform.of(read["os"], read["architecture"], read.get("variant", ""))


def _flags(flags: Iterable[str]) -> tuple[str, ...]:
    return tuple(flag for flag in flags if flag != _BY_ITSELF)
