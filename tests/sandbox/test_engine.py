"""A second engine, started and stopped for real beside the one in use, and killed in between."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import engine, kernel
from sandbox.state import State, own_processes

pytestmark = pytest.mark.sandbox


def start(state: State) -> None:
    """Start the engine from a process of its own: as `up` does, which ends and leaves it running."""
    script = (
        "import pathlib, sys; from sandbox import engine, state; engine.start(state.State(pathlib.Path(sys.argv[1])))"
    )
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


def hold_a_container(state: State) -> None:
    """Run a container of an image of one program that the machine itself has."""
    environment = {**os.environ, **state.environment()}
    program = state.home / "program.tar"
    subprocess.run(["tar", "-C", state.bin, "--dereference", "-cf", program, "aarch64-binfmt-P"], check=True)
    subprocess.run(["docker", "import", program, "held"], env=environment, check=True, capture_output=True)
    hold = ["docker", "run", "--detach", "--publish", "127.0.0.1::80", "held", "/aarch64-binfmt-P", "-version"]
    subprocess.run(hold, env=environment, check=True, capture_output=True)


def test_engine_registry_and_kernel_are_up_after_start(running: State) -> None:
    assert engine.engine_answers(running)
    assert engine.registry_answers(running.registry)
    assert Path(f"/sys/class/net/{running.bridge}").exists()
    assert "P" in (Path("/proc/sys/fs/binfmt_misc") / f"bakec-{running.key}-aarch64").read_text().split("flags: ")[1]


def test_second_start_is_instant_and_changes_nothing(running: State) -> None:
    before, began = own_processes(running), time.monotonic()

    engine.start(running)  # in this process: what is timed is the work, not Python's start

    assert time.monotonic() - began < 0.5
    assert own_processes(running) == before


def test_registry_takes_another_port_than_the_sandbox_beside_it(running: State) -> None:
    beside = State.of(Path(__file__).parents[2])

    assert running.registry != beside.registry


def test_stop_leaves_nothing_outside_the_sandboxs_directory(running: State) -> None:
    hold_a_container(running)

    engine.stop(running)

    assert left_behind(running) == []


@pytest.mark.parametrize("program", ["dockerd", "containerd", "docker-registry"])
def test_stop_leaves_nothing_after_one_of_its_processes_was_killed(running: State, program: str) -> None:
    victims = runs_on(running, program)
    assert victims, f"no {program} runs"
    for pid in victims:
        os.kill(pid, signal.SIGKILL)

    engine.stop(running)

    assert left_behind(running) == []


def test_start_mends_what_was_killed(running: State) -> None:
    for program in ("dockerd", "docker-registry"):
        for pid in runs_on(running, program):
            os.kill(pid, signal.SIGKILL)

    start(running)

    assert engine.engine_answers(running)
    assert engine.registry_answers(running.registry)


def test_stop_of_a_stopped_sandbox_is_no_error(second: State) -> None:
    engine.stop(second)

    assert left_behind(second) == []


def test_stop_spares_the_sandbox_beside_it(running: State) -> None:
    beside = State.of(Path(__file__).parents[2])
    if not engine.engine_answers(beside):
        pytest.skip("the checkout's own sandbox is down")

    engine.stop(running)

    assert engine.engine_answers(beside)
    assert engine.registry_answers(beside.registry)
