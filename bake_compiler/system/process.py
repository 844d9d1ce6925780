"""Subprocesses: `Command` describes a process, `run` starts a process."""

import asyncio
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from bake_compiler.errors import PreflightError
from bake_compiler.system import watchdog
from bake_compiler.system.environment import is_kept

_CHUNK = 64 * 1024
_LONGEST_LINE = 4 * 1024 * 1024
_GRACE_SECONDS = 10.0
_DRAIN_SECONDS = 2.0


@dataclass(frozen=True)
class Command:
    """A description of a subprocess. Nothing starts until a Runner gets the command.

    Attributes:
        argv: the program and its arguments; never a shell line.
        env: the whole environment of the process.
        cwd: the working directory.
        shown: names of the variables that `str()` shows to a person, in this order.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path = Path()
    shown: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return a line that a person can paste into a shell."""
        variables = (f"{name}={shlex.quote(self.env[name])}" for name in self.shown)
        return " ".join((*variables, *map(shlex.quote, self.argv)))


class Runner(Protocol):
    """A function that runs a command: `run`, or a fake in a test."""

    async def __call__(self, command: Command, on_line: Callable[[str], None]) -> int:
        """Run the command to its end, pass each line of stdout and stderr to `on_line`, and return the exit status.

        On cancellation, end the process and its children first, then raise the cancellation.
        """


def scrubbed(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that docker and its helpers need.

    All other variables stay out: a variable with the name of a bake file's variable would silently override that
    variable.
    Secrets of other tools do not belong in a build.
    """
    return {name: value for name, value in environ.items() if is_kept(name)}


async def run(command: Command, on_line: Callable[[str], None], guard: "Guard | None" = None) -> int:
    """Run a command in a process group of its own, so that Ctrl-C in the terminal reaches only bakec.

    Args:
        command: what to run.
        on_line: gets each line of the output.
        guard: ends the process group if bakec is killed.

    Raises:
        PreflightError: the program is not on PATH.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command.argv,
            env=dict(command.env),
            cwd=command.cwd,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise PreflightError(f"{command.argv[0]!r} is not on PATH", hint="install Docker with buildx") from error
    if guard:
        guard.began(process.pid)
    reading = asyncio.create_task(_read(process, on_line))
    try:
        while not reading.done() and process.returncode is None:
            await asyncio.wait({reading}, timeout=0.25)
        await asyncio.wait({reading}, timeout=_DRAIN_SECONDS)  # a child may hold the pipe open forever
        if reading.done():
            reading.result()
        return await process.wait()
    finally:
        reading.cancel()
        await asyncio.shield(_end(process, reading))
        if guard:
            guard.ended(process.pid)


class Guard:
    """A watchdog process that ends bakec's children if bakec is killed. It gets each process group on its stdin."""

    def __init__(self) -> None:
        self._watchdog: subprocess.Popen[bytes] | None = None

    def began(self, group: int) -> None:
        """Report a new process group to the watchdog."""
        self._tell(f"+{group}\n")

    def ended(self, group: int) -> None:
        """Report to the watchdog that a process group has ended."""
        self._tell(f"-{group}\n")

    def close(self) -> None:
        """Stop the watchdog."""
        if self._watchdog is not None:
            self._watchdog.communicate()

    def _tell(self, line: str) -> None:
        if self._watchdog is None:
            argv, quiet = (sys.executable, "-I", "-S", watchdog.__file__), subprocess.DEVNULL
            self._watchdog = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet, start_new_session=True
            )
        with suppress(OSError):  # the watchdog was killed; the build goes on without it
            if self._watchdog.stdin is not None:
                os.write(self._watchdog.stdin.fileno(), line.encode())


@contextmanager
def guarded() -> Iterator[Runner]:
    """Yield a Runner whose children end together with bakec, also if bakec is killed."""
    with closing(Guard()) as guard:

        async def run_guarded(command: Command, on_line: Callable[[str], None]) -> int:
            return await run(command, on_line, guard)

        yield run_guarded


async def _read(process: asyncio.subprocess.Process, on_line: Callable[[str], None]) -> None:
    if process.stdout is not None:
        async for line in _lines(process.stdout):
            on_line(line.decode("utf-8", errors="replace").rstrip("\r\n"))


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield the lines of a stream. A very long line comes in parts."""
    begun = bytearray()
    while chunk := await stream.read(_CHUNK):
        *whole, rest = chunk.split(b"\n")
        for line in whole:
            yield bytes(begun + line)
            begun.clear()
        begun += rest
        if len(begun) > _LONGEST_LINE:
            yield bytes(begun)
            begun.clear()
    if begun:
        yield bytes(begun)


async def _end(process: asyncio.subprocess.Process, reading: asyncio.Task[None]) -> None:
    """Interrupt the process group, then kill it if it still runs. All descendants of the process end too.

    Then wait until asyncio has seen the end of the process and of its output: a loop that closes earlier leaves both
    open.
    """
    clock = asyncio.get_running_loop().time
    patience, sign = clock() + _GRACE_SECONDS, int(signal.SIGINT)
    while watchdog.send(process.pid, sign) and clock() < patience + _DRAIN_SECONDS:
        sign = 0 if clock() < patience else signal.SIGKILL
        await asyncio.sleep(0.02)
    await asyncio.wait({reading})
    with suppress(TimeoutError):  # a program in a session of its own may hold the output open
        async with asyncio.timeout(_DRAIN_SECONDS):
            await process.communicate()
    await asyncio.sleep(0)


async def output_of(runner: Runner, command: Command) -> tuple[int, str]:
    """Return the exit status and the whole output of a short command."""
    lines: list[str] = []
    status = await runner(command, lines.append)
    return status, "\n".join(lines)
