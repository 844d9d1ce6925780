"""What a builder may say, and what is told of one that can't be."""

from typing import Any

import pytest
from pydantic import ValidationError

from bake_compiler import Builder, Node


def remote(*nodes: Node, **more: Any) -> Builder:
    return Builder(name="acme", driver="remote", nodes=nodes, **more)


def test_a_builder_that_says_nothing_has_one_node_of_its_name() -> None:
    builder = Builder(name="acme")

    assert [builder.node_name(number) for number, _ in enumerate(builder.all_nodes)] == ["acme0"]


def test_docker_has_a_node_that_nobody_describes() -> None:
    assert Builder(name="default", driver="docker").all_nodes == ()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "Acme"}, "a name of a builder"),
        ({"name": "--use"}, "a name of a builder"),
        ({"name": "../acme"}, "a name of a builder"),
        ({"name": "default"}, "docker's own builder"),
        ({"driver": "remote"}, "needs at least one"),
        ({"driver": "remote", "nodes": (Node(endpoint="a.example:1234"),)}, "begins with unix://"),
        ({"driver": "docker", "nodes": (Node(),)}, "driver docker has one"),
        ({"driver": "docker", "options": {"network": "host"}}, "options: buildx starts no daemon"),
        ({"driver": "kubernetes", "nodes": (Node(endpoint="x"),)}, "KUBECONFIG says which"),
        ({"nodes": (Node(endpoint="a"), Node(endpoint="a", name="b"))}, "endpoint 'a' is there twice"),
        ({"nodes": (Node(), Node(name="b"))}, "endpoint 'of this machine' is there twice"),
        ({"nodes": (Node(endpoint="a", name="b"), Node(endpoint="b", name="b"))}, "name 'b' is there twice"),
        (
            {"nodes": (Node(endpoint="a", platforms=("arm64",)), Node(endpoint="b", platforms=("arm64/v8",)))},
            "platform 'linux/arm64' is there twice",
        ),
        ({"nodes": (Node(endpoint="tcp://a:1", ca="ca.pem"),)}, "make a docker context"),
        ({"certificates": {"a": ("x/ca.pem", "y/ca.pem")}}, r"certificates\.a: file name 'ca\.pem' is there twice"),
        ({"options": {"env.HTTP_PROXY": "http://me:secret@proxy"}}, "holds a password"),
        ({"options": {"a b": "c"}}, "the name of an option"),
        ({"flags": ("--debug\n",)}, "line break"),
        ({"mirrors": {"docker.io": ("--x",)}}, "is not a host"),
    ],
)
def test_what_can_not_be_is_told(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Builder(**{"name": "acme", **fields})


def test_daemons_that_run_elsewhere_are_configured_there() -> None:
    with pytest.raises(ValidationError, match="mirrors: buildx starts no daemon for driver remote"):
        remote(Node(endpoint="tcp://a:1"), mirrors={"docker.io": ("m",)})


def test_a_certificate_needs_its_key() -> None:
    with pytest.raises(ValidationError, match="cert and key go together"):
        remote(Node(endpoint="tcp://a:1", cert="cert.pem"))


@pytest.mark.parametrize(
    "fields",
    [{"endpoint": "--help"}, {"endpoint": "tcp://a b"}, {"key": "-----BEGIN PRIVATE KEY-----"}, {"key": "~/key.pem"}],
)
def test_a_node_holds_no_options_and_no_keys(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="is not a"):
        Node(**fields)
