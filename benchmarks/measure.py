"""Whole processes, timed in turn: A B C A B C …, so that a machine that slows down slows all of them."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
BAKEC = (str(Path(sys.executable).with_name("bakec")),)

_PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""


@dataclass(frozen=True)
class Times:
    """Seconds of several runs."""

    runs: tuple[float, ...]

    @property
    def median(self) -> float:
        """The one to quote."""
        return statistics.median(self.runs)

    def __str__(self) -> str:
        return f"{min(self.runs):.2f} / {self.median:.2f} s"


def seconds(
    argv: Sequence[str],
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    *,
    shows: str = "",
    may_fail: bool = False,
) -> float:
    """Wall time of one run.

    Args:
        argv: the command.
        cwd: where it runs.
        env: its environment; ours when it is None.
        shows: a text that the command must print, so that nothing else than what is meant is timed.
        may_fail: any exit code will do.

    Raises:
        SystemExit: the command failed, or did not print the text.
    """
    begin = time.perf_counter()
    done = subprocess.run(argv, cwd=cwd, env=env, check=False, capture_output=True, text=True)
    took = time.perf_counter() - begin
    said, command = done.stdout + done.stderr, " ".join(argv)[:200]
    if done.returncode and not may_fail:
        sys.exit(f"error: {command} exited with {done.returncode}\n{done.stdout[-500:]}{done.stderr[-500:]}")
    if shows not in said:
        sys.exit(f"error: {command} did not print {shows!r}\n{said[-500:]}")
    return took


def megabytes(argv: Sequence[str], cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> float:
    """Peak memory of one run, measured by a small process: a child's peak counts its parent's size before exec."""
    peak = subprocess.run(
        [sys.executable, "-S", "-c", _PEAK, *argv], cwd=cwd, env=env, check=True, capture_output=True, text=True
    )
    return float(peak.stdout)


def in_turn(contenders: Mapping[str, Callable[[], float]], rounds: int, once: Container[str] = ()) -> dict[str, Times]:
    """The times of each contender: `rounds` of them, or a single one; each gives the seconds that one run took."""
    runs: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds):
        for name, run in contenders.items():
            if number == 0 or name not in once:
                runs[name].append(run())
    return {name: Times(tuple(taken)) for name, taken in runs.items()}
