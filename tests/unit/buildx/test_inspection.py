"""What `docker buildx inspect` tells of nodes: texts of the oldest and the newest buildx."""

import pytest

from bake_compiler.buildx.inspection import InspectedNode, read_inspection
from bake_compiler.oci.platform import Platform
from bake_compiler.verbs.builder import BuilderStatus, render_seen

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
    builder = read_inspection(RUNNING)
    here, far = builder.nodes

    assert (builder.name, builder.driver) == ("acme", "docker-container")
    assert here == InspectedNode(
        "acme0",
        "unix:///var/run/docker.sock",
        "running",
        "",
        "v0.25.1",
        ("linux/arm64", "linux/amd64", "linux/amd64/v2", "linux/386"),
        is_told=True,
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
    assert read_inspection(text).nodes == ()


DOWN = """\
Name:   default
Driver:
Last Activity: 2026-11-28 13:29:56 +0000 UTC
Error:  Cannot connect to the Docker daemon at unix:///var/run/docker.sock
"""


@pytest.mark.parametrize("driver", ["Driver:", "Driver:   ", "Driver:\t"])
def test_a_value_ends_with_its_line_so_the_driver_of_a_daemon_that_is_down_is_empty(driver: str) -> None:
    builder = read_inspection(DOWN.replace("Driver:", driver))

    assert (builder.name, builder.driver, builder.nodes) == ("default", "", ())


@pytest.mark.parametrize("key", ["BuildKit version", "Buildkit", "BuildKit"])
def test_old_and_new_buildx_name_the_version_of_buildkit_differently(key: str) -> None:
    (node, _) = read_inspection(RUNNING.replace("BuildKit version", key)).nodes

    assert node.version == "v0.25.1"


def test_what_a_person_reads_says_native_emulated_or_not_told() -> None:
    nodes, host = read_inspection(RUNNING).nodes, Platform.parse("amd64")
    seen = BuilderStatus("acme", "docker-container", exists=True, diff="", is_described=True, nodes=nodes, host=host)

    assert render_seen(seen) == (
        "builder acme, driver docker-container: as the project describes it\n"
        "  acme0  unix:///var/run/docker.sock  running, BuildKit v0.25.1\n"
        "    linux/amd64, linux/amd64/v2, linux/386 (native)\n"
        "    linux/arm64 (emulated)\n"
        "  acme1  tcp://far:1234  error: connection refused\n"
        "    linux/riscv64 (native or emulated, it does not tell)\n"
    )
