import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from bake_compiler.errors import PreflightError
from bake_compiler.process import Command, output_of, run, scrubbed

ENV = {"PATH": os.environ["PATH"]}


def python(code: str, *arguments: str, env: dict[str, str] | None = None) -> Command:
    return Command((sys.executable, "-I", "-c", code, *arguments), ENV | (env or {}))


def ended(command: Command) -> tuple[int, str]:
    return asyncio.run(output_of(run, command))


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and that nobody has fetched yet does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


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
    monkeypatch.setattr("bake_compiler.process._LONGEST_LINE", 1000)

    status, text = ended(python("print('x' * 1_000_000); print('end')"))

    assert status == 0
    assert text.replace("\n", "") == "x" * 1_000_000 + "end"
    assert text.endswith("\nend")
    assert max(map(len, text.split("\n"))) < 1_000_000


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

    async def cancelled() -> list[int]:
        lines: asyncio.Queue[str] = asyncio.Queue()
        task = asyncio.create_task(run(command, lines.put_nowait))
        pids = (await asyncio.wait_for(lines.get(), 20)).split()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return list(map(int, pids))

    pids = asyncio.run(cancelled())

    deadline = time.monotonic() + 10
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [alive(pid) for pid in pids] == [False, False]


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
