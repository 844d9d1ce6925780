"""`./dev bench build`: beside one `docker buildx bake --push`, and beside the script that most begin with.

Cold is an engine and a registry of each contender's own, without cache and blobs. BAKEC_BENCH_ONLY narrows:
`reference`, `synthetic`, `tiny`, `memory`; `cold`, `warm`; `bake`, `loop`. BAKEC_BENCH_JOBS is bakec's -j.

Images of the tiny graph take a second or two, so that it shows what a process for each image costs.
"""

import os
import statistics
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import buildable
from benchmarks.contenders import Run, Site, at_once, run_bake, run_bakec, run_loop
from benchmarks.engine import new_engine
from benchmarks.measure import Times

IMAGES = 300  # of the run that is measured for memory
SLOTS = 4  # of the run whose images are counted
GOALS = {"bake": 1.05, "loop": 0.5}
NAMES = {
    "bakec": "`bakec build all`, verified and published",
    "bake": "one `docker buildx bake --push`",
    "loop": "`docker buildx build --push` for each platform of each image, `imagetools create`",
}
CPU_GOAL = 0.05
MEMORY_GOAL = 120


@dataclass(frozen=True)
class Stack:
    """A project to build, and how often."""

    title: str
    write: Callable[[Path], Path]
    cold: int
    warm: int


@dataclass
class Taken:
    """What was measured: the seconds of each contender, bakec among them, and bakec's runs."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    runs: list[Run] = field(default_factory=list)

    def take(self, name: str, site: Site) -> None:
        """Let one contender build."""
        match name:
            case "bakec":
                self.runs.append(run_bakec(site, *_jobs()))
                self.seconds[name].append(self.runs[-1].seconds)
            case "bake":
                self.seconds[name].append(run_bake(site))
            case _:
                self.seconds[name].append(run_loop(site))
        print(f"{name}: {self.seconds[name][-1]:.1f} s", file=sys.stderr, flush=True)


TINY = Stack("two tiny images", partial(buildable.graph, layers=(1, 1)), cold=1, warm=1)
STACKS = {
    "reference": Stack("reference stack, 13 images", buildable.reference, cold=2, warm=5),
    "synthetic": Stack("synthetic, 40 images", partial(buildable.graph, work=10), cold=2, warm=3),
    "tiny": Stack("synthetic, 40 tiny images", buildable.graph, cold=2, warm=3),
}


def main(*, tiny: bool = False) -> None:
    """Print the tables."""
    if tiny:
        compare(TINY, ["bakec", *GOALS], cold=True, warm=True)
        return
    only = os.environ.get("BAKEC_BENCH_ONLY", "").replace(",", " ").split()
    parts = [part for part in (*STACKS, "memory") if part in only] or (*STACKS, "memory")
    states = [state for state in ("cold", "warm") if state in only] or ["cold", "warm"]
    rivals = [name for name in GOALS if name in only] or list(GOALS)
    for part in parts:
        if part == "memory":
            memory()
        else:
            compare(STACKS[part], ["bakec", *rivals], cold="cold" in states, warm="warm" in states)


def compare(stack: Stack, names: Sequence[str], *, cold: bool, warm: bool) -> None:
    """Build one project in these ways, and print a table for each state of the cache."""
    first, again = Taken(), Taken()
    turns = [name for number in range(stack.cold) for name in _order(names, number)] if cold else []
    for name in turns:
        _once_more(partial(_take_cold, stack, first, name))
    if warm:
        with new_site(stack.write) as site:
            _take_warm(again, site, names, stack.warm)
    if cold:
        _print(f"{stack.title}, cold", first)
    if warm:
        _print(f"{stack.title}, warm", again)


def _take_warm(taken: Taken, site: Site, names: Sequence[str], rounds: int) -> None:
    once = Taken()
    for name in names:
        _once_more(partial(once.take, name, site))
    for number in range(rounds):
        for name in _order(names, number):
            _once_more(partial(taken.take, name, site))
    again = Times(tuple(run_bakec(site, "--rebuild", *_jobs()).seconds for _ in range(rounds)))
    print(f"\n`bakec build all --rebuild`, all of it from BuildKit's cache: {again}", flush=True)
    most = at_once(run_bakec(site, "--rebuild", "-j", str(SLOTS)).report)
    print(f"\n-j {SLOTS}: {most} images at once at most (goal: {SLOTS}, {_met(most <= SLOTS)})", flush=True)


def _take_cold(stack: Stack, taken: Taken, name: str) -> None:
    with new_site(stack.write) as site:
        taken.take(name, site)


def _once_more(take: Callable[[], None]) -> None:
    """Again when it fails: one that does not retry may meet a fault that passes, and an hour would be lost."""
    try:
        take()
    except SystemExit as failed:
        print(f"\nfailed, and is taken again: {failed}", flush=True)
        take()


def memory() -> None:
    """Print what bakec itself needs for many images; one bake of so many fails on a small machine."""
    with new_site(lambda root: buildable.trivial(root, IMAGES)) as site:
        run = run_bakec(site, *_jobs())
    print(f"\n{IMAGES} images of one file: {run.seconds:.0f} s")
    _print_own([run])


def _order(names: Sequence[str], number: int) -> Sequence[str]:
    """There and back again: what slows down in time slows all of them."""
    return names[:: -1 if number % 2 else 1]


def _jobs() -> tuple[str, ...]:
    jobs = os.environ.get("BAKEC_BENCH_JOBS", "")
    return ("-j", jobs) if jobs else ()


@contextmanager
def new_site(write: Callable[[Path], Path]) -> Iterator[Site]:
    """A project to build, and an engine and a registry of its own."""
    with TemporaryDirectory() as directory, new_engine() as engine:
        yield Site(write(Path(directory)), engine)


def _print(title: str, taken: Taken) -> None:
    times = {name: Times(tuple(seconds)) for name, seconds in taken.seconds.items()}
    print(f"\n| {title} | shortest / median | bakec takes | goal | |\n|---|---|---|---|---|")
    print(f"| {NAMES['bakec']} | {times['bakec']} | | | |")
    for name, goal in GOALS.items():
        if name not in times:
            continue
        ratio = times["bakec"].median / times[name].median
        print(f"| {NAMES[name]} | {times[name]} | {ratio:.2f} of it | {goal} | {_met(ratio <= goal)} |")
    _print_own(taken.runs)


def _print_own(runs: Sequence[Run]) -> None:
    share, peak = statistics.median(run.share for run in runs), max(run.megabytes for run in runs)
    cpu, slots = statistics.median(run.cpu for run in runs), runs[-1].report.slots
    print(
        f"\nbakec itself, -j {slots}: {cpu:.1f} s of CPU, {share:.1%} of a core (goal: {CPU_GOAL:.0%},"
        f" {_met(share <= CPU_GOAL)}); {peak:.0f} MB at most (goal: {MEMORY_GOAL}, {_met(peak <= MEMORY_GOAL)})",
        flush=True,
    )


def _met(met: bool) -> str:
    return "met" if met else "not met"
