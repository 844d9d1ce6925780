"""No process outlives bakec, however it ends: real processes, really killed."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bake_compiler.system import watchdog
from bake_compiler.system.process import Command, guarded, output_of
from tests.fakes.processes import alive, all_end, children_of, own_children

ENV = {"PATH": os.environ["PATH"]}
BAKEC = """
import os
import sys
from bake_compiler.cli.edges import run_async
from bake_compiler.system.process import Command, guarded

async def work():
    with guarded() as run:
        return await run(Command(("sh", "-c", sys.argv[1]), dict(os.environ)), lambda line: print(line, flush=True))

run_async(work)
"""
SLEEPS = "sleep 300 & echo $$ $!; wait"
DEAF = "trap '' INT; sleep 300 & echo $$ $!; wait"
TIDY = "trap 'kill $!; touch tidy; exit' INT; sleep 300 & echo $$ $!; wait"


@contextmanager
def bakec(script: str, where: Path) -> Iterator[tuple[subprocess.Popen[str], list[int], int]]:
    """Something like bakec that runs a shell: its process, the shell's and that of its child, the watchdog's."""
    argv = [sys.executable, "-c", BAKEC, script]
    env = {**ENV, "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(argv, cwd=where, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            pids = list(map(int, process.stdout.readline().split()))
            (guard,) = set(children_of(process.pid)) - set(pids)
            yield process, pids, guard
        finally:
            process.kill()


def test_what_a_killed_bakec_was_running_is_ended_also_when_it_is_deaf(tmp_path: Path) -> None:
    with bakec(DEAF, tmp_path) as (process, pids, guard):
        process.kill()

        assert all_end([*pids, guard])


def test_what_a_killed_bakec_was_running_is_asked_before_it_is_killed(tmp_path: Path) -> None:
    with bakec(TIDY, tmp_path) as (process, pids, guard):
        process.kill()

        assert all_end([*pids, guard])
        assert (tmp_path / "tidy").exists()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_bakec_that_is_asked_to_end_ends_what_it_runs_first(ending: signal.Signals, tmp_path: Path) -> None:
    with bakec(TIDY, tmp_path) as (process, pids, guard):
        process.send_signal(ending)
        process.wait(60)

        assert not any(map(alive, (*pids, guard)))
        assert (tmp_path / "tidy").exists()


def test_who_reads_what_bakec_wrote_does_not_wait_for_the_watchdog(tmp_path: Path) -> None:
    with bakec(SLEEPS, tmp_path) as (process, pids, guard):
        os.kill(guard, signal.SIGSTOP)
        process.kill()

        out, _ = process.communicate(timeout=60)
        assert out == ""
        assert alive(guard)
        os.kill(guard, signal.SIGCONT)
        assert all_end([*pids, guard])


def test_an_interrupt_in_the_terminal_does_not_reach_the_watchdog(tmp_path: Path) -> None:
    with bakec(SLEEPS, tmp_path) as (process, pids, guard):
        assert os.getpgid(guard) != os.getpgid(process.pid)
        assert os.getpgid(pids[0]) == os.getpgid(pids[1]) == pids[0]


def test_a_bakec_that_ends_leaves_no_watchdog_and_one_that_ran_nothing_has_none() -> None:
    before = set(own_children())
    with guarded() as runner:
        assert set(own_children()) == before
        for number in range(3):
            assert asyncio.run(output_of(runner, Command(("echo", str(number)), ENV))) == (0, str(number))
        assert len(set(own_children()) - before) == 1

    assert set(own_children()) == before


def test_a_build_goes_on_without_its_watchdog() -> None:
    before = set(own_children())
    with guarded() as runner:
        asyncio.run(output_of(runner, Command(("true",), ENV)))
        (guard,) = set(own_children()) - before
        os.kill(guard, signal.SIGKILL)
        assert all_end([guard])

        assert asyncio.run(output_of(runner, Command(("echo", "on"), ENV))) == (0, "on")


def test_only_groups_that_have_not_ended_are_ended() -> None:
    with (
        subprocess.Popen(["sleep", "300"], start_new_session=True) as left,
        subprocess.Popen(["sleep", "300"], start_new_session=True) as other,
    ):
        told = f"+{left.pid}\n+{other.pid}\n-{other.pid}\n+999999999\n"
        with subprocess.Popen([sys.executable, watchdog.__file__], stdin=subprocess.PIPE, text=True) as guard:
            assert guard.stdin is not None
            guard.stdin.write(told)
            guard.stdin.close()
            assert left.wait(60) == -signal.SIGINT
            assert guard.wait(60) == 0

        assert other.poll() is None
        other.kill()
