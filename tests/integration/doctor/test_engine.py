"""buildx, and engines whose disk or settings are not as a build needs them: told, and mended as doctor says."""

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.node import Node, node
from sandbox.state import State as Sandbox
from tests.integration.conftest import Stack
from tests.integration.doctor.conftest import config, doctor, found

pytestmark = pytest.mark.docker

MEGABYTES, FILES = 2600, 24_000
LACKING = {"features": {"containerd-snapshotter": False}, "dns": ["127.0.0.1"]}
STEP_BYTES, STEP_FILES = "fallocate -l {bytes} /big", "mkdir /many && cd /many && seq {files} | xargs touch"


def test_an_old_buildx_and_a_proxy_that_build_containers_do_not_reach_are_told_and_others_are_well(
    stack: Stack, buildx: Path
) -> None:
    def proxy(host: str) -> str:
        return json.dumps({"proxies": {"default": {"httpProxy": f"http://{host}:3128"}}})

    old = (
        f'#!/bin/sh\ntest "$1" = version && echo "github.com/docker/buildx v0.12.1 0" || exec {buildx.resolve()} "$@"\n'
    )
    stack.bakec("compile")

    checks = doctor(stack, "hub", "--platform", "amd64", env=config(stack, old, proxy("127.0.0.1")))[1]

    plugin, network = checks["buildx"], checks["build network"]
    assert (plugin["state"], plugin["found"]) == ("bad", "0.12.1 is older than 0.13")
    assert plugin["mend"] == "install the docker-buildx plugin, 0.13 or newer"
    assert (network["state"], network["found"]) == ("note", "its proxy 127.0.0.1 is the build container itself")
    assert "`proxies` in Docker's config.json; one on this machine is not 127.0.0.1 there" in network["mend"]

    oldest = Path(os.environ.get("BAKEC_BUILDX_OLDEST", buildx))
    status, checks = doctor(stack, env=config(stack, oldest, proxy("192.0.2.1")))

    assert status == 0
    looked_at = ("buildx", "linux/amd64", "linux/arm64", "base images", "build network")
    assert {checks[each]["state"] for each in looked_at} == {"ok"}


@pytest.fixture(scope="module")
def engine(sandbox: Sandbox) -> Iterator[Node]:
    """An engine on a small disk, and with settings that will not do until it is started anew."""
    with node(sandbox, "small", megabytes=MEGABYTES, files=FILES, settings=LACKING) as own:
        yield own


def docker(engine: Node, *words: str, text: str = "") -> None:
    """Run a command of docker there, as a person does who answers it."""
    environment = {**os.environ, **engine.environment()}
    subprocess.run(("docker", *words), input=text, text=True, check=True, capture_output=True, env=environment)


@pytest.mark.sandbox
def test_what_daemon_json_lacks_is_told_and_what_doctor_says_of_it_mends_it(stack: Stack, engine: Node) -> None:
    stack.component("hub", "FROM debian:trixie-slim\nRUN true\n", 'Image(name="hub")')
    look = ("hub", "--platform", "amd64")
    checks = doctor(stack, *look, env=engine.environment())[1]

    builder, network = checks["builder"], checks["build network"]
    assert (builder["state"], "takes no index of several platforms" in builder["found"]) == ("bad", True)
    assert builder["mend"].startswith("docker buildx create ")
    settings = re.search(r"`(\{.*\})` into daemon\.json", builder["mend"])
    assert settings, builder["mend"]
    assert (network["state"], "name servers: 127.0.0.1" in network["found"]) == ("note", True)
    assert "does not find" in network["found"]
    assert "`dns` in daemon.json" in network["mend"]

    engine.end()
    engine.start({**json.loads(settings[1]), "dns": name_servers()})
    checks = doctor(stack, *look, env=engine.environment())[1]

    assert (checks["builder"]["state"], checks["build network"]["state"]) == ("ok", "ok")


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


def name_servers() -> list[str]:
    """Those of this machine that a container can ask too."""
    return re.findall(r"^nameserver (?!127\.)(\S+)", Path("/etc/resolv.conf").read_text(), re.MULTILINE)
