"""Where the sandbox keeps things, how its steps fail, and which processes are its own."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MARK = "BAKEC_SANDBOX"  # in the environment of each process that the sandbox starts


class SandboxError(Exception):
    """A step that failed: what, and where its log is or what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True)
class State:
    """The paths and names of one checkout's sandbox; two checkouts never share one."""

    home: Path

    @classmethod
    def of(cls, checkout: Path) -> "State":
        """The sandbox of a checkout."""
        return cls(checkout.resolve() / ".sandbox")

    @property
    def key(self) -> str:
        """Eight characters that tell this sandbox from every other on the machine."""
        return hashlib.sha256(str(self.home).encode()).hexdigest()[:8]

    @property
    def run(self) -> Path:
        """Sockets and mounts: a short path, for a socket's may have 108 characters at most."""
        return Path("/run") / f"bakec-{self.key}"

    @property
    def socket(self) -> Path:
        """The engine's socket."""
        return self.run / "docker.sock"

    @property
    def prefix(self) -> Path:
        """Unpacked packages."""
        return self.home / "prefix"

    @property
    def bin(self) -> Path:
        """The commands that go first on PATH."""
        return self.home / "bin"

    @property
    def docker_config(self) -> Path:
        """DOCKER_CONFIG: the CLI plugins."""
        return self.home / "docker-config"

    @property
    def logs(self) -> Path:
        """A log for each step."""
        return self.home / "logs"

    @property
    def bridge(self) -> str:
        """The network bridge (15 characters at most)."""
        return f"bakec{self.key}"

    @property
    def port_file(self) -> Path:
        """Holds the registry's port."""
        return self.home / "registry.port"

    @property
    def registry(self) -> str:
        """`127.0.0.1:PORT` of the sandbox's registry; port 5000 until one was chosen."""
        port = self.port_file.read_text().strip() if self.port_file.is_file() else "5000"
        return f"127.0.0.1:{port}"

    def environment(self) -> dict[str, str]:
        """What docker and bakec need in their environment."""
        return {
            "DOCKER_HOST": f"unix://{self.socket}",
            "DOCKER_CONFIG": str(self.docker_config),
            "PATH": f"{self.bin}:{os.environ.get('PATH', os.defpath)}",
            "BAKEC_REGISTRY": self.registry,
        }


def say(text: str) -> None:
    """Tell the person what is being done."""
    print(f"sandbox: {text}", file=sys.stderr, flush=True)


def run_step(
    state: State, step: str, argv: Sequence[str | Path], *, env: Mapping[str, str] | None = None, text: str = ""
) -> str:
    """Run a command of a step and return its output, which also goes to the step's log.

    Raises:
        SandboxError: it failed; names the step and the log.
    """
    state.logs.mkdir(parents=True, exist_ok=True)
    log = state.logs / f"{step}.log"
    try:
        done = subprocess.run(
            list(map(str, argv)),
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            env={**os.environ, **(env or {}), MARK: state.key},
        )
    except OSError as error:
        raise SandboxError(f"step {step}: {argv[0]}: {error.strerror}", f"its log is {log}") from error
    with log.open("a", encoding="utf-8") as out:
        out.write(f"$ {' '.join(map(str, argv))}\n{done.stdout}")
    if done.returncode:
        last = next((line for line in reversed(done.stdout.splitlines()) if line.strip()), "no output")
        raise SandboxError(f"step {step}: {argv[0]} exited with {done.returncode}: {last.strip()}", f"its log is {log}")
    return done.stdout


def start_daemon(state: State, step: str, argv: Sequence[str | Path], env: Mapping[str, str]) -> None:
    """Start a process that outlives us, marked as the sandbox's own, its output in the step's log."""
    state.logs.mkdir(parents=True, exist_ok=True)
    with (state.logs / f"{step}.log").open("ab") as log:
        subprocess.run(
            ["/usr/bin/setsid", "--fork", *map(str, argv)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=True,
            env={**os.environ, **env, MARK: state.key},
        )


def link(path: Path, target: Path) -> None:
    """Make `path` a link to `target`, whatever was there: a relative one, so that a moved checkout keeps it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(os.path.relpath(target, path.parent))


def wait_for(step: str, state: State, ready: Callable[[], bool], seconds: float) -> None:
    """Wait until `ready()` is true.

    Raises:
        SandboxError: it was not within that time; names the step and the log.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise SandboxError(f"step {step}: not up after {seconds:.0f} s", f"its log is {state.logs / step}.log")
        time.sleep(0.05)


def own_processes(state: State) -> dict[int, int]:
    """The parent of each process that has the sandbox's mark, is in its containers' cgroup, or descends from one."""
    mark = f"{MARK}={state.key}".encode()
    cgroup = f"bakec-{state.key}".encode()
    parents: dict[int, int] = {}
    own: set[int] = set()
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            try:
                parents[int(process.name)] = int((process / "stat").read_text().rpartition(")")[2].split()[1])
                marked = mark in (process / "environ").read_bytes().split(b"\0")
                if marked or cgroup in (process / "cgroup").read_bytes():
                    own.add(int(process.name))
            except OSError:
                continue  # it ended meanwhile
    while grown := {child for child, parent in parents.items() if parent in own} - own:
        own |= grown
    return {pid: parents[pid] for pid in own - _ancestors(parents)}


def _ancestors(parents: Mapping[int, int]) -> set[int]:
    """Ourselves and those that we run under: `./dev` itself may carry the mark."""
    found, pid = set(), os.getpid()
    while pid:
        found.add(pid)
        pid = parents.get(pid, 0)
    return found


def end_processes(state: State, seconds: float = 15) -> None:
    """Terminate the sandbox's processes, and kill what does not go in time.

    Only those are asked whose parent is not one of them: dockerd ends its own, and would wait in vain for an answer of
    a containerd that it lost.
    """
    own = own_processes(state)
    # A child that dropped the mark is known by its parent only, which may end first: remember it, but not its number
    # alone, which the kernel may give to another process.
    known = {pid: _start_time(pid) for pid in own}

    def left() -> set[int]:
        return {pid for pid, started in known.items() if started and _start_time(pid) == started} | set(
            own_processes(state)
        )

    _end({pid for pid, parent in own.items() if parent not in own}, signal.SIGTERM, left, seconds)
    _end(left(), signal.SIGKILL, left, 5)


def _end(pids: set[int], sign: signal.Signals, left: Callable[[], set[int]], patience: float) -> None:
    for pid in pids:
        _signal(pid, sign)
    deadline = time.monotonic() + patience
    while left() and time.monotonic() < deadline:
        time.sleep(0.1)


def _start_time(pid: int) -> str:
    """When a process began, in the kernel's ticks; empty when it has ended (a zombie has)."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if state == "Z" else fields[18]


def _signal(pid: int, sign: signal.Signals) -> None:
    try:
        os.kill(pid, sign)
    except ProcessLookupError:
        return


@contextmanager
def alone(state: State) -> Iterator[None]:
    """Wait until no other `up` or `down` of this sandbox runs."""
    import fcntl  # noqa: PLC0415 - POSIX only, as the sandbox is

    state.home.mkdir(parents=True, exist_ok=True)
    with (state.home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
