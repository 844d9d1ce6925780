"""What `docker buildx inspect` tells of nodes: texts of the oldest and the newest buildx."""

import pytest

from bake_compiler.buildx.nodes import NodeState, read_name, read_states
from bake_compiler.oci.platform import Platform
from bake_compiler.verbs.builder import Seen, render_seen

RUNNING = """\
Name:          acme
Driver:        docker-container
Last Activity: 2026-11-28 13:29:56 +0000 UTC

Nodes:
Name:                  acme0
Endpoint:              unix:///var/run/docker.sock
Driver Options:        image="moby/buildkit:v0.13" env.X="Name: x"
Status:                running
BuildKit daemon flags: --debug
BuildKit version:      v0.25.1
Platforms:             linux/arm64*, linux/amd64, linux/amd64/v2, linux/386
Labels:
 org.mobyproject.buildkit.worker.network:           host
GC Policy rule#0:
 All:            false
 Keep Duration:  48h0m0s
File#buildkitd.toml:
 > [registry."docker.io"]
 >   mirrors = ["Name: y"]

Name:      acme1
Endpoint:  tcp://far:1234
Error:     connection refused
Platforms: linux/riscv64*
"""


def test_each_node_is_read_with_what_it_says() -> None:
    here, far = read_states(RUNNING)

    assert read_name(RUNNING) == "acme"
    assert here == NodeState(
        "acme0",
        "unix:///var/run/docker.sock",
        "running",
        "",
        "v0.25.1",
        ("linux/arm64", "linux/amd64", "linux/amd64/v2", "linux/386"),
    )
    assert here.is_running
    assert (far.name, far.state, far.error, far.platforms) == (
        "acme1",
        "error",
        "connection refused",
        ("linux/riscv64",),
    )


@pytest.mark.parametrize("text", ["", "ERROR: no", "Nodes:\n", "Name: a\n\nNodes:\n"])
def test_no_nodes_are_none(text: str) -> None:
    assert read_states(text) == ()


def test_what_a_person_reads_says_native_emulated_or_not_told() -> None:
    nodes, host = read_states(RUNNING), Platform.parse("amd64")
    seen = Seen("acme", "docker-container", exists=True, diff="", is_described=True, nodes=nodes, host=host)

    assert render_seen(seen) == (
        "builder acme, driver docker-container: as the project describes it\n"
        "  acme0  unix:///var/run/docker.sock  running, BuildKit v0.25.1\n"
        "    linux/amd64, linux/amd64/v2, linux/386 (native)\n"
        "    linux/arm64 (emulated)\n"
        "  acme1  tcp://far:1234  error: connection refused\n"
        "    linux/riscv64 (native or emulated, it does not tell)\n"
    )
