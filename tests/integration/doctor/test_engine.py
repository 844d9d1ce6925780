"""buildx, and engines whose disk or settings are not as a build needs them: told, and mended as doctor says."""

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import kernel
from sandbox.node import Node, node
from sandbox.state import State as Sandbox
from tests.integration.conftest import Stack
from tests.integration.doctor.conftest import config, doctor, found

pytestmark = pytest.mark.docker

MEGABYTES, FILES = 2600, 24_000
STEP_BYTES, STEP_FILES = "fallocate -l {bytes} /big", "mkdir /many && cd /many && seq {files} | xargs touch"


def test_a_buildx_before_0_13_is_told_and_the_oldest_that_is_not_mends_it(stack: Stack, buildx: Path) -> None:
    old = (
        f'#!/bin/sh\ntest "$1" = version && echo "github.com/docker/buildx v0.12.1 0" || exec {buildx.resolve()} "$@"\n'
    )
    stack.bakec("compile")

    look = ("hub", "--platform", "amd64")

    state, words, mend = found(stack, "buildx", *look, env=config(stack, old))

    assert (state, words) == ("bad", "0.12.1 is older than 0.13")
    assert mend == "install the docker-buildx plugin, 0.13 or newer"

    oldest = Path(os.environ.get("BAKEC_BUILDX_OLDEST", buildx))
    status, checks = doctor(stack, env=config(stack, oldest))

    assert status == 0
    assert {checks[each]["state"] for each in ("buildx", "linux/amd64", "linux/arm64", "base images")} == {"ok"}


def test_a_proxy_that_a_build_container_can_not_reach_is_noted_and_one_elsewhere_is_well(
    stack: Stack, buildx: Path
) -> None:
    def told(proxy: str) -> tuple[str, str, str]:
        content = json.dumps({"proxies": {"default": {"httpProxy": f"http://{proxy}:3128"}}})
        return found(stack, "build network", "hub", "--platform", "amd64", env=config(stack, buildx, content))

    state, words, mend = told("127.0.0.1")
    assert (state, words) == ("note", "its proxy 127.0.0.1 is the build container itself")
    assert "`proxies` in Docker's config.json; one on this machine is not 127.0.0.1 there" in mend

    assert told("192.0.2.1")[0] == "ok"


@pytest.fixture(scope="module")
def engine(sandbox: Sandbox) -> Iterator[Node]:
    """An engine on a small disk."""
    with node(sandbox, "small", megabytes=MEGABYTES, files=FILES) as own:
        yield own


def docker(engine: Node, *words: str, text: str = "") -> None:
    """Run a command of docker there, as a person does who answers it."""
    environment = {**os.environ, **engine.environment()}
    subprocess.run(("docker", *words), input=text, text=True, check=True, capture_output=True, env=environment)


@pytest.mark.sandbox
@pytest.mark.parametrize(
    ("step", "lacking"),
    [(STEP_BYTES, "GB free, of which a build may need 2.0"), (STEP_FILES, " inodes free")],
)
def test_a_disk_without_room_is_told_and_the_command_that_doctor_names_makes_some(
    bare: Stack, engine: Node, step: str, lacking: str
) -> None:
    docker(engine, "pull", "--quiet", "busybox:stable")
    room = os.statvfs(engine.data)
    filling = step.format(bytes=room.f_bavail * room.f_frsize - 1_900_000_000, files=room.f_favail - FILES // 100)
    docker(engine, "buildx", "build", "--output", "type=cacheonly", "-", text=f"FROM busybox:stable\nRUN {filling}\n")

    state, words, mend = found(bare, "disk", env=engine.environment())
    assert (state, lacking in words) == ("bad", True)
    command = re.search(r"make room with `docker ([^`]+)`", mend)
    assert command, mend
    docker(engine, *shlex.split(command[1]), text="y\n")

    assert found(bare, "disk", env=engine.environment())[0] == "ok"


@pytest.mark.sandbox
def test_what_daemon_json_lacks_is_told_and_what_doctor_says_of_it_mends_it(stack: Stack, engine: Node) -> None:
    stack.component("hub", "FROM debian:trixie-slim\nRUN true\n", 'Image(name="hub")')
    look = ("hub", "--platform", "amd64")
    nobody = f"{kernel.subnet(engine)}.1"
    engine.end()
    engine.start({"features": {"containerd-snapshotter": False}, "dns": [nobody]})

    checks = doctor(stack, *look, env=engine.environment())[1]

    builder, network = checks["builder"], checks["build network"]
    assert (builder["state"], "takes no index of several platforms" in builder["found"]) == ("bad", True)
    assert builder["mend"].startswith("docker buildx create ")
    settings = re.search(r"`(\{.*\})` into daemon\.json", builder["mend"])
    assert settings, builder["mend"]
    assert (network["state"], f"name servers: {nobody}" in network["found"]) == ("note", True)
    assert "does not find" in network["found"]
    assert "`dns` in daemon.json" in network["mend"]

    engine.end()
    engine.start({**json.loads(settings[1]), "dns": name_servers()})
    checks = doctor(stack, *look, env=engine.environment())[1]

    assert (checks["builder"]["state"], checks["build network"]["state"]) == ("ok", "ok")


def name_servers() -> list[str]:
    """Those of this machine that a container can ask too."""
    return re.findall(r"^nameserver (?!127\.)(\S+)", Path("/etc/resolv.conf").read_text(), re.MULTILINE)
