"""A second engine, started and stopped for real beside the one in use, and killed in between."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import engine, kernel
from sandbox.state import State, own_processes
from tests.fakes.machines import run

CHECKOUT = Path(__file__).parents[2]
pytestmark = pytest.mark.sandbox


def start(state: State) -> None:
    """Start the engine from a process of its own: as `up` does, which ends and leaves it running."""
    imports = "import pathlib, sys; from sandbox import engine, state; "
    script = imports + "engine.start(state.State(pathlib.Path(sys.argv[1])))"
    subprocess.run([sys.executable, "-c", script, state.home], check=True)


@pytest.fixture
def running(second: State) -> Iterator[State]:
    start(second)
    yield second
    engine.stop(second)


def runs_on(state: State, program: str) -> set[int]:
    """The sandbox's processes that run a program."""
    found = set()
    for pid in own_processes(state):
        argv = Path(f"/proc/{pid}/cmdline")
        if argv.exists() and Path(argv.read_text().split("\0")[0]).name == program:
            found.add(pid)
    return found


def kill(state: State, program: str) -> None:
    """Kill a program of the sandbox as nothing can prepare for, and wait until it is gone."""
    victims = runs_on(state, program)
    assert victims, f"no {program} runs"
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while runs_on(state, program) & victims and time.monotonic() < deadline:
        time.sleep(0.02)


def left_behind(state: State) -> list[str]:
    """All that a sandbox has outside its own directory, in words."""
    rules = [
        subprocess.run([state.bin / "iptables", "-t", table, "-S"], capture_output=True, text=True, check=True).stdout
        for table in ("filter", "nat")
    ]
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    cgroups = subprocess.run(
        ["find", "/sys/fs/cgroup", "-name", f"bakec-{state.key}"], capture_output=True, text=True, check=False
    )
    return [
        *(f"process {pid}" for pid in own_processes(state)),
        *(line for line in "".join(rules).splitlines() if state.bridge in line or kernel.subnet(state) in line),
        *(line for line in mounts if str(state.home) in line or str(state.run) in line),
        *(str(path) for path in Path("/sys/class/net").glob(state.bridge)),
        *(str(path) for path in Path("/proc/sys/fs/binfmt_misc").glob(f"*{state.key}*")),
        *cgroups.stdout.split(),
        *([str(state.run)] if state.run.exists() else []),
    ]


def hold_a_container(state: State) -> Path:
    """Run an arm64 container that does not end by itself, on a network of its own, whose bridge is returned."""
    image = f"{State.of(CHECKOUT).registry}/library/busybox:stable"
    network = run("docker", "network", "create", "own", env=state.environment())
    hold = ("docker", "run", "--detach", "--platform=linux/arm64", "--network=own", "--publish=127.0.0.1::80")
    run(*hold, image, "sleep", "600", env=state.environment())
    return Path(f"/sys/class/net/br-{network[:12]}")


def test_engine_registry_and_kernel_are_up_after_start(running: State) -> None:
    assert engine.engine_answers(running)
    assert engine.registry_answers(running.registry)
    assert Path(f"/sys/class/net/{running.bridge}").exists()
    assert "P" in (Path("/proc/sys/fs/binfmt_misc") / f"bakec-{running.key}-aarch64").read_text().split("flags: ")[1]


def test_second_start_changes_nothing(running: State) -> None:
    before = own_processes(running)

    engine.start(running)

    assert own_processes(running) == before


def test_registry_takes_another_port_than_the_sandbox_beside_it(running: State) -> None:
    beside = State.of(CHECKOUT)

    assert running.registry != beside.registry


def test_stop_leaves_nothing_outside_the_sandboxs_directory(running: State) -> None:
    if not engine.registry_answers(State.of(CHECKOUT).registry):
        pytest.skip("the checkout's own sandbox, which has the image, is down")
    bridge = hold_a_container(running)
    assert bridge.exists()

    engine.stop(running)

    assert left_behind(running) == []
    assert not bridge.exists()


@pytest.mark.parametrize("program", ["dockerd", "containerd", "docker-registry"])
def test_stop_leaves_nothing_after_one_of_its_processes_was_killed(running: State, program: str) -> None:
    kill(running, program)

    engine.stop(running)

    assert left_behind(running) == []


def test_start_mends_what_was_killed(running: State) -> None:
    for program in ("dockerd", "docker-registry"):
        kill(running, program)

    start(running)

    assert engine.engine_answers(running)
    assert engine.registry_answers(running.registry)


def test_registry_that_must_change_its_port_stays_the_engines_mirror(running: State) -> None:
    kill(running, "docker-registry")
    host, _, port = running.registry.partition(":")
    with socket.create_server((host, int(port))):
        start(running)

        assert running.registry != f"{host}:{port}"
        assert running.registry in (running.home / "daemon.json").read_text()


def test_builds_get_the_machines_proxies_in_either_case() -> None:
    environment = {"HTTP_PROXY": "http://proxy.test:3128", "no_proxy": "localhost", "https_proxy": ""}

    assert engine._proxies(environment) == {"httpProxy": "http://proxy.test:3128", "noProxy": "localhost"}


def test_stop_of_a_stopped_sandbox_is_no_error(second: State) -> None:
    engine.stop(second)

    assert left_behind(second) == []


def test_stop_spares_the_sandbox_beside_it(running: State) -> None:
    beside = State.of(CHECKOUT)
    if not engine.engine_answers(beside):
        pytest.skip("the checkout's own sandbox is down")

    engine.stop(running)

    assert engine.engine_answers(beside)
    assert engine.registry_answers(beside.registry)
