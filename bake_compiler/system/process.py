"""The edge to subprocesses: a command described but not yet started, and the one place that starts it."""

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
    """A subprocess described but not yet started.

    Attributes:
        argv: the program and its arguments; never a shell line.
        env: its whole environment.
        cwd: where it runs.
        shown: names of the variables that matter to a person, in the order to show them.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path = Path()
    shown: tuple[str, ...] = ()

    def __str__(self) -> str:
        """As a line that a person can paste into a shell."""
        variables = (f"{name}={shlex.quote(self.env[name])}" for name in self.shown)
        return " ".join((*variables, *map(shlex.quote, self.argv)))


class Runner(Protocol):
    """Whatever can run a command: the real thing, or a fake in a test."""

    async def __call__(self, command: Command, on_line: Callable[[str], None]) -> int:
        """Run to the end; give each line of stdout and stderr to `on_line`; return the exit status.

        When cancelled it ends the process and its children before it lets the cancellation pass.
        """


def scrubbed(environ: Mapping[str, str]) -> dict[str, str]:
    """The part of an environment that docker and its helpers need.

    The rest stays out: a variable of the same name would silently override one of the bake file, and secrets of other
    tools are none of a build's business.
    """
    return {name: value for name, value in environ.items() if is_kept(name)}


async def run(command: Command, on_line: Callable[[str], None], guard: "Guard | None" = None) -> int:
    """The real Runner: a process group of its own, so that Ctrl-C in the terminal reaches bakec alone.

    Args:
        command: what to run.
        on_line: hears each line.
        guard: ends the group when bakec itself is killed.

    Raises:
        PreflightError: there is no such program.
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
        await asyncio.wait({reading}, timeout=_DRAIN_SECONDS)  # a child of it may hold the pipe open for ever
        if reading.done():
            reading.result()
        return await process.wait()
    finally:
        reading.cancel()
        await asyncio.shield(_end(process))
        if guard:
            guard.ended(process.pid)


class Guard:
    """What ends the children of a bakec that was killed: a watchdog, which is told of each process group."""

    def __init__(self) -> None:
        self._watchdog: subprocess.Popen[bytes] | None = None

    def began(self, group: int) -> None:
        """A process group is there."""
        self._tell(f"+{group}\n")

    def ended(self, group: int) -> None:
        """It is gone."""
        self._tell(f"-{group}\n")

    def close(self) -> None:
        """There is nothing left to guard."""
        if self._watchdog is not None:
            self._watchdog.communicate()

    def _tell(self, line: str) -> None:
        if self._watchdog is None:
            argv, quiet = (sys.executable, "-I", "-S", watchdog.__file__), subprocess.DEVNULL
            self._watchdog = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet, start_new_session=True
            )
        with suppress(OSError):  # somebody ended the watchdog: the build is none the worse for it
            if self._watchdog.stdin is not None:
                os.write(self._watchdog.stdin.fileno(), line.encode())


@contextmanager
def guarded() -> Iterator[Runner]:
    """The real Runner, whose children do not outlive bakec, not even when it is killed."""
    with closing(Guard()) as guard:

        async def run_guarded(command: Command, on_line: Callable[[str], None]) -> int:
            return await run(command, on_line, guard)

        yield run_guarded


async def _read(process: asyncio.subprocess.Process, on_line: Callable[[str], None]) -> None:
    if process.stdout is not None:
        async for line in _lines(process.stdout):
            on_line(line.decode("utf-8", errors="replace").rstrip("\r\n"))


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The lines of a stream; one that is too long comes in parts."""
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


async def _end(process: asyncio.subprocess.Process) -> None:
    """Interrupt what still runs of its group, then kill it: no child, and no child of it, outlives bakec."""
    clock = asyncio.get_running_loop().time
    patience, sign = clock() + _GRACE_SECONDS, int(signal.SIGINT)
    while watchdog.send(process.pid, sign) and clock() < patience + _DRAIN_SECONDS:
        sign = 0 if clock() < patience else signal.SIGKILL
        await asyncio.sleep(0.02)


async def output_of(runner: Runner, command: Command) -> tuple[int, str]:
    """Exit status and all output of a short command."""
    lines: list[str] = []
    status = await runner(command, lines.append)
    return status, "\n".join(lines)
