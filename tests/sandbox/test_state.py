"""Names and paths of a sandbox, how its steps fail, and which processes it calls its own."""

import fcntl
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sandbox.__main__ import _exports
from sandbox.state import MARK, SandboxError, State, alone, end_processes, own_processes, run_step

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State.of(tmp_path)


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a sleeping process with a mark in its environment; it ends with the test."""
    with ExitStack() as stack:

        def start_marked(mark: str) -> subprocess.Popen[bytes]:
            process = stack.enter_context(subprocess.Popen(SLEEP, env={**os.environ, MARK: mark}))
            stack.callback(process.kill)
            return process

        yield start_marked


def runs(pid: int) -> bool:
    """Whether a process is there and no zombie that init has yet to collect."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_two_checkouts_share_no_name(tmp_path: Path) -> None:
    one, other = State.of(tmp_path / "one"), State.of(tmp_path / "other")

    for name in ("home", "key", "run", "socket", "bridge"):
        assert getattr(one, name) != getattr(other, name)


def test_names_fit_the_kernels_limits_however_deep_the_checkout(tmp_path: Path) -> None:
    state = State.of(tmp_path.joinpath(*["deep" * 10] * 20))

    assert len(str(state.socket)) < 108
    assert len(state.bridge) < 16


def test_environment_survives_the_shells_eval() -> None:
    awkward = {"PATH": "/a b:/c'd:/$(touch x):/`id`", "DOCKER_CONFIG": 'quo"te;\nnew line'}
    show = f"import os; print(ascii([os.environ[name] for name in {list(awkward)}]))"
    script = f"{_exports(awkward)}\n{shlex.join([sys.executable, '-c', show])}"

    shell = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)

    assert shell.stdout.strip() == ascii(list(awkward.values()))


def test_sandboxs_own_docker_comes_first_on_path(state: State) -> None:
    assert state.environment()["PATH"].split(":")[0] == str(state.bin)


def test_registry_is_at_the_port_that_was_chosen(state: State) -> None:
    state.home.mkdir()
    state.port_file.write_text("41234\n")

    assert state.environment()["BAKEC_REGISTRY"] == "127.0.0.1:41234"


def test_failed_step_names_itself_its_reason_and_its_log(state: State) -> None:
    with pytest.raises(SandboxError) as caught:
        run_step(state, "brew", ["sh", "-c", "echo first; echo 'no water' >&2; exit 3"])

    assert "step brew" in caught.value.message
    assert "no water" in caught.value.message
    assert str(state.logs / "brew.log") in caught.value.hint
    assert "first\nno water" in (state.logs / "brew.log").read_text()


def test_step_whose_command_is_missing_names_itself_and_the_command(state: State) -> None:
    with pytest.raises(SandboxError, match="step brew: /no/such/command"):
        run_step(state, "brew", ["/no/such/command"])


def test_process_with_the_mark_is_our_own_and_another_sandboxs_is_not(state: State, start: Start) -> None:
    ours, foreign = start(state.key), start("0" * 8)

    assert set(own_processes(state)) & {ours.pid, foreign.pid} == {ours.pid}


def test_child_that_dropped_the_mark_is_still_our_own(state: State) -> None:
    script = f"env -u {MARK} sleep 60 & echo $!; wait"
    environment = {**os.environ, MARK: state.key}
    with subprocess.Popen(["/bin/sh", "-c", script], env=environment, stdout=subprocess.PIPE, text=True) as shell:
        assert shell.stdout is not None
        child = int(shell.stdout.readline())
        try:
            assert child in own_processes(state)
        finally:
            end_processes(state, seconds=2)

    assert not runs(child)


def test_whoever_asks_is_never_its_own_victim(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MARK, state.key)
    script = (
        "import os, pathlib, sys; from sandbox.state import State, own_processes\n"
        "sys.exit(os.getpid() in own_processes(State(pathlib.Path(sys.argv[1]))))"
    )

    asked = subprocess.run([sys.executable, "-c", script, state.home], check=False)

    assert asked.returncode == 0


def test_ends_its_own_processes_and_no_other(state: State, start: Start) -> None:
    ours, foreign = start(state.key), start("0" * 8)

    end_processes(state, seconds=0.5)

    assert ours.wait(timeout=5) != 0
    assert foreign.poll() is None


def test_nobody_else_gets_in_while_one_is_alone(state: State) -> None:
    with alone(state), (state.home / "lock").open("w") as second, pytest.raises(BlockingIOError):
        fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_lock_is_free_afterwards_even_after_a_failure(state: State) -> None:
    message = "a step failed"
    with pytest.raises(SandboxError, match=message), alone(state):
        raise SandboxError(message, "see the log")

    with (state.home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
