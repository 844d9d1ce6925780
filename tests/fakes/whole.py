"""bakec as a whole process that begins at once: a copy of one that has imported everything.

Imports take 0.3 s of the 0.4 s of a small command, and tests run hundreds. A process from here has its own arguments,
directory, environment, streams and signals, as that of `python -m bake_compiler` has.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO

_LONGEST = 1 << 20  # bytes of arguments and environment
_READ_AT_IMPORT = ("SSL_CERT_FILE", "SSL_CERT_DIR")  # by aiohttp, which makes its TLS context then


@dataclass
class Whole:
    """A process of bakec.

    Attributes:
        pid: its number.
        status: with which it ended, negative for a signal; None as long as nobody has seen its end.
    """

    pid: int
    _answers: socket.socket
    status: int | None = field(default=None, init=False)

    def poll(self) -> int | None:
        """Its status, if it has ended."""
        return self._look(0)

    def wait(self, seconds: float | None = None) -> int:
        """Wait for its end, which has a status.

        Raises:
            TimeoutError: it goes on after so many seconds.
        """
        status = self._look(seconds)
        if status is None:
            raise TimeoutError(f"process {self.pid} goes on after {seconds} s")
        return status

    def kill(self) -> None:
        """End it as nothing can prepare for."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def _look(self, seconds: float | None) -> int | None:
        if self.status is None and select.select([self._answers], [], [], seconds)[0]:
            self.status = int(self._answers.recv(16))
            self._answers.close()
        return self.status


def start(
    words: Sequence[str],
    folder: Path,
    env: Mapping[str, str],
    out: IO[bytes],
    err: IO[bytes],
    module: str = "bake_compiler.cli",
) -> Whole:
    """Start `bakec WORDS`.

    Args:
        words: its arguments.
        folder: where it runs.
        env: its whole environment.
        out: the file that its output goes to.
        err: that of its errors.
        module: of another program: it has a function `script`, which ends the process.
    """
    ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
    with theirs:
        request = json.dumps([module, words, str(folder), dict(env)]).encode()
        socket.send_fds(_server(), [request], [theirs.fileno(), out.fileno(), err.fileno()])
    return Whole(int(ours.recv(16)), ours)


@cache
def _server() -> socket.socket:
    """Leads to the one process that has imported everything; it ends with us."""
    ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _LONGEST)
    with theirs:
        argv = [sys.executable, "-m", "tests.fakes.whole", str(theirs.fileno())]
        root = Path(__file__).parents[2]
        process = subprocess.Popen(argv, cwd=root, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
    atexit.register(process.wait)
    atexit.register(ours.close)  # before that: the last one registered comes first
    return ours


def _serve(requests: socket.socket) -> None:
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # as bakec's main does before it imports
    package = importlib.import_module("bake_compiler")
    for module in pkgutil.walk_packages(package.__path__, "bake_compiler."):
        if module.name != "bake_compiler.__main__":
            importlib.import_module(module.name)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a keeper
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal: it is for pytest
    while True:
        message, streams, *_ = socket.recv_fds(requests, _LONGEST, 3)
        if not message:
            return
        if not os.fork():
            _keep(message, *streams)
        for each in streams:
            os.close(each)


def _keep(message: bytes, answers: int, out: int, err: int) -> None:
    """Start bakec, say its number, wait for its end, and say how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    process = os.fork()
    if not process:
        os.close(answers)
        _become(message, out, err)
    with socket.socket(fileno=answers) as tell:
        tell.send(str(process).encode())
        _, status = os.waitpid(process, 0)
        tell.send(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(message: bytes, out: int, err: int) -> None:
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        module, words, folder, env = json.loads(message)
        for stream, number in ((out, 1), (err, 2)):
            os.dup2(stream, number)
            os.close(stream)
        os.chdir(folder)
        if any(env.get(name) != os.environ.get(name) for name in _READ_AT_IMPORT):
            code = f"from {module} import script; script()"
            os.execve(sys.executable, [sys.executable, "-c", code, *words], env)  # noqa: S606 - never a shell
        os.environ.clear()
        os.environ.update(env)
        sys.argv[:] = ["bakec", *words]
        importlib.import_module(module).script()
    except BaseException:  # noqa: BLE001 - as Python itself does at the end of a program
        traceback.print_exc()
    finally:
        os._exit(1)  # script has ended the process, unless something was raised


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as requests:
        _serve(requests)
