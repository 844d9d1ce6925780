import asyncio
import os
import sys
from pathlib import Path

import pytest

from bake_compiler.errors import PreflightError
from bake_compiler.system.process import Command, output_of, run, scrubbed
from tests.fakes.processes import all_end

ENV = {"PATH": os.environ["PATH"]}


def python(code: str, *arguments: str, env: dict[str, str] | None = None) -> Command:
    return Command((sys.executable, "-I", "-c", code, *arguments), ENV | (env or {}))


def ended(command: Command) -> tuple[int, str]:
    return asyncio.run(output_of(run, command))


async def cancelled_at_its_first_line(command: Command) -> list[int]:
    """The numbers in that line: pids, as it is."""
    lines: asyncio.Queue[str] = asyncio.Queue()
    task = asyncio.create_task(run(command, lines.put_nowait))
    line = await asyncio.wait_for(lines.get(), 60)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return list(map(int, line.split()))


def test_each_line_of_both_streams_arrives_without_its_end() -> None:
    command = python("import sys; print('out'); sys.stdout.flush(); sys.stderr.write('err\\r\\nlast')")

    assert ended(command) == (0, "out\nerr\nlast")


def test_a_line_arrives_when_it_was_written_and_not_at_the_end() -> None:
    command = python("import sys, time; print('now', flush=True); time.sleep(60)")

    async def first_line() -> str:
        lines: asyncio.Queue[str] = asyncio.Queue()
        task = asyncio.create_task(run(command, lines.put_nowait))
        line = await asyncio.wait_for(lines.get(), 20)
        task.cancel()
        await asyncio.wait([task])
        return line

    assert asyncio.run(first_line()) == "now"


def test_a_line_that_is_longer_than_memory_should_hold_comes_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bake_compiler.system.process._LONGEST_LINE", 100_000)

    status, text = ended(python("print('x' * 1_000_000); print('end')"))

    assert status == 0
    assert text.replace("\n", "") == "x" * 1_000_000 + "end"
    assert text.endswith("\nend")
    assert max(map(len, text.split("\n"))) < 1_000_000


def test_a_line_that_comes_in_many_pieces_is_one_line() -> None:
    code = "import os, time\nfor _ in range(300):\n    os.write(1, b'x')\n    time.sleep(0.001)\nos.write(1, b'\\n')"

    assert ended(python(code)) == (0, "x" * 300)


def test_the_exit_status_is_the_programs() -> None:
    assert ended(python("raise SystemExit(41)")) == (41, "")


def test_a_line_of_a_megabyte_and_bytes_that_are_no_text_are_read() -> None:
    status, text = ended(python("import sys; sys.stdout.buffer.write(b'x' * 1_000_000 + b'\\xff\\n')"))

    assert (status, len(text), text[-1]) == (0, 1_000_001, "\N{REPLACEMENT CHARACTER}")


def test_a_program_has_the_environment_that_its_command_says_and_nothing_else() -> None:
    _, text = ended(Command(("/usr/bin/env",), {"A": "1", "B": "x y"}))

    assert sorted(text.splitlines()) == ["A=1", "B=x y"]


def test_a_program_runs_where_its_command_says(tmp_path: Path) -> None:
    assert ended(Command(("pwd", "-P"), ENV, tmp_path)) == (0, str(tmp_path.resolve()))


def test_a_program_gets_no_input_so_it_can_not_wait_for_some() -> None:
    assert ended(python("import sys; print(repr(sys.stdin.read()))")) == (0, "''")


def test_no_argument_is_read_by_a_shell() -> None:
    nasty = "$(touch /tmp/x); `id` && * 'a' \"b\" \n"

    _, text = ended(python("import sys; print(ascii(sys.argv[1]))", nasty))

    assert text == ascii(nasty)


def test_a_missing_program_is_a_problem_of_this_machine() -> None:
    with pytest.raises(PreflightError, match="'no-such-docker' is not on PATH") as caught:
        ended(Command(("no-such-docker", "buildx"), ENV))

    assert caught.value.exit_code == 7
    assert caught.value.hint == "install Docker with buildx"


def test_a_cancelled_run_ends_the_program_and_its_children() -> None:
    child = "import time; time.sleep(120)"
    code = f"import subprocess, sys, os; c = subprocess.Popen([sys.executable, '-I', '-c', {child!r}]);"
    command = python(code + "print(os.getpid(), c.pid, flush=True); c.wait()")

    assert all_end(asyncio.run(cancelled_at_its_first_line(command)))


def test_a_cancelled_program_is_asked_first_and_has_time_to_tidy_up(tmp_path: Path) -> None:
    code = """if 1:
        import pathlib, signal, sys, time
        def tidy(*_):
            time.sleep(0.3)
            pathlib.Path("tidy").touch()
            sys.exit()
        signal.signal(signal.SIGINT, tidy)
        print(1, flush=True)
        time.sleep(120)
    """

    asyncio.run(cancelled_at_its_first_line(Command((sys.executable, "-I", "-c", code), ENV, tmp_path)))

    assert (tmp_path / "tidy").exists()


@pytest.mark.parametrize(
    "script",
    [
        "trap '' INT; echo $$; sleep 120",
        "sleep 120 & echo $$ $!; wait",  # what sh starts behind it does not hear an interrupt
        "sleep 120 & echo $!",  # the program is gone, and its child holds the pipe open
        "(trap '' INT TERM; sleep 120) & echo $!; exec >&-; sleep 120",
    ],
)
def test_what_does_not_listen_is_killed_be_it_the_program_or_a_child_of_it(
    script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bake_compiler.system.process._GRACE_SECONDS", 0.2)

    assert all_end(asyncio.run(cancelled_at_its_first_line(Command(("sh", "-c", script), ENV))))


def test_a_program_has_ended_when_it_has_even_if_a_child_of_it_holds_the_pipe_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bake_compiler.system.process._GRACE_SECONDS", 0.2)
    monkeypatch.setattr("bake_compiler.system.process._DRAIN_SECONDS", 0.2)

    status, text = ended(Command(("sh", "-c", "sleep 120 & echo $!; exit 3"), ENV))

    assert status == 3
    assert all_end([int(text)])


def test_a_listener_that_fails_ends_the_program_and_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bake_compiler.system.process._GRACE_SECONDS", 0.2)
    pids = []

    def fails(line: str) -> None:
        pids.append(int(line))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(run(Command(("sh", "-c", "echo $$; sleep 120"), ENV), fails))

    assert all_end(pids)


def test_a_program_that_was_killed_has_the_signal_as_its_status() -> None:
    assert ended(Command(("sh", "-c", "kill -9 $$"), ENV)) == (-9, "")


def test_all_that_a_program_wrote_before_its_end_arrives() -> None:
    status, text = ended(python("print('\\n'.join(map(str, range(200_000))))"))

    assert status == 0
    assert text.split("\n") == list(map(str, range(200_000)))


def test_an_environment_of_489_variables_with_52_secrets_keeps_only_what_docker_needs() -> None:
    secrets = {f"SECRET_{number}_PASSWORD": f"hunter{number}" for number in range(52)}
    others = {f"VARIABLE_{number}": str(number) for number in range(435)}
    needed = {"PATH": "/bin", "DOCKER_HOST": "unix:///run/docker.sock"}
    environ = secrets | others | needed
    assert len(environ) == 489

    assert scrubbed(environ) == needed


@pytest.mark.parametrize("name", ["REGISTRY", "TAG", "PLATFORMS", "REVISION", "SOURCE_DATE_EPOCH", "BUILDKIT_PROGRESS"])
def test_a_variable_that_would_change_the_bake_file_is_dropped(name: str) -> None:
    assert scrubbed({name: "x"}) == {}


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "no_proxy", "SSH_AUTH_SOCK", "AWS_PROFILE", "BUILDX_BUILDER", "HOME"])
def test_what_docker_and_its_credential_helpers_read_is_kept(name: str) -> None:
    assert scrubbed({name: "x"}) == {name: "x"}


def test_a_command_is_shown_so_that_a_shell_reads_it_back() -> None:
    command = Command(("a", "b c", "$d"), {"A": "x y", "TOKEN": "secret"}, shown=("A",))

    assert str(command) == "A='x y' a 'b c' '$d'"
