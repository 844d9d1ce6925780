"""`./dev bench compile`: beside `docker buildx bake --print` of the same file."""

import compileall
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bake_compiler.buildx.tools import find_buildx
from bake_compiler.verbs.compile.unchanged import CACHE
from benchmarks.measure import BAKEC, ROOT, megabytes, seconds
from benchmarks.stacks import write_stack

ROUNDS = 10
PEER = ("docker", "buildx", "bake", "--print")
PRINTED = '"target"'
LARGEST_FOR_PEER = 1_000
"""Images of the largest project that the peer reads here: 10,000 take it more than a minute."""
CHECK = ("compile", "--check", "--by", "bytes")
SHIM = """#!/bin/sh
# Writes down when the build of an image began, which fails at once. So does a look-up of base images.
case $* in
*" --metadata-file "*) date +%s.%N >'{started}'; exit 1 ;;
*"bake "*" rawjson") exit 1 ;;
esac
DOCKER_CONFIG='{config}' exec {buildx} "$@"
"""


@dataclass(frozen=True)
class Row:
    """A command of bakec that is timed beside the peer.

    Attributes:
        title: what the table calls the command.
        words: the command's words, without `bakec`.
        shows: a text that the command prints.
        goal: how many times the peer's time it may take; 0 where there is no goal.
        prepare: is called before each run with the project's root.
    """

    title: str
    words: tuple[str, ...]
    shows: str
    goal: float = 0
    prepare: Callable[[Path], None] = lambda _: None


def forget(root: Path) -> None:
    """Remove what the last `bakec compile` has remembered."""
    (root / CACHE).unlink(missing_ok=True)


def remember(root: Path) -> None:
    """Make sure that there is something to remember.

    Raises:
        SystemExit: `bakec compile` does not remember what it did.
    """
    if not (root / CACHE).is_file():
        seconds((*BAKEC, "compile"), root)
    if not (root / CACHE).is_file():
        sys.exit(f"error: bakec compile left no {CACHE} in {root}")


START_UP = (
    Row("bakec --help", ("--help",), "Usage: bakec", 0.5),
    Row("bakec compile, nothing changed", ("compile",), "docker-bake.hcl: is up to date", 1.0, remember),
    Row("bakec compile, from scratch", ("compile",), "docker-bake.hcl: is up to date", 1.2, forget),
    Row("bakec compile --check --by bytes", CHECK, "the same bytes"),
    Row("bakec compile --check (7 readings by buildx)", ("compile", "--check"), "variables overridden"),
)
LARGE = Row("check by bytes, 10,000 images in 1,000 components", CHECK, "10000 images", 13)
SIZES = ((100, 10), (1_000, 10), (10_000, 10), (10_000, 1))
"""Images, and images in each component."""
TINY = ((120, 10), (120, 1))


def beside(row: Row, root: Path, rounds: int, peer: Sequence[str] = PEER, stack: Path = ROOT) -> None:
    """Print a row: ours, the peer's, the median of the ratios of paired runs, the goal.

    Args:
        row: what is timed.
        root: the project of ours.
        rounds: the pairs that count; one more is run first.
        peer: the other command.
        stack: the project of the peer.
    """
    pairs = []
    for _ in range(rounds + 1):
        row.prepare(root)
        ours = seconds((*BAKEC, *row.words), root, shows=row.shows)
        pairs.append((ours, seconds(peer, stack, shows=PRINTED)))
    ours, theirs = (statistics.median(column) for column in zip(*pairs[1:], strict=True))
    ratio = statistics.median(own / other for own, other in pairs[1:])
    print(f"| {row.title} | {ours:.3f} s | {theirs:.3f} s | {ratio:.2f} | {f'≤ {row.goal}' if row.goal else ''} |")


def start_up(root: Path = ROOT, rounds: int = ROUNDS, peer: Sequence[str] = PEER) -> None:
    """Print the table of whole processes on the reference stack, or on another project."""
    print("| whole process, reference stack | bakec | bake --print | ratio | goal |\n|---|---|---|---|---|")
    for row in START_UP:
        beside(row, root, rounds, peer, root)


def sizes(directory: Path, shapes: Sequence[tuple[int, int]] = SIZES, peer: Sequence[str] = PEER) -> None:
    """Print how the cost grows with the number of images."""
    print(
        "\n| images | components | compile | check by bytes | peak memory | bake --print |\n|---|---|---|---|---|---|"
    )
    for images, each in shapes:
        root = write_stack(directory / f"{images}-{each}", images, each)
        first = seconds((*BAKEC, "compile"), root, shows=f"written, {images} images")
        check = (*BAKEC, *CHECK)
        again = statistics.median(seconds(check, root, shows=f"{images} images") for _ in range(3))
        peak = megabytes(check, root)
        others = f"{seconds(peer, root, shows=PRINTED):.2f} s" if images <= LARGEST_FOR_PEER else "not run"
        print(f"| {images} | {images // each} | {first:.2f} s | {again:.2f} s | {peak:.0f} MB | {others} |")


def one_image(directory: Path, shapes: Sequence[tuple[int, int]] = SIZES[-2:], rounds: int = 5) -> None:
    """Print how long `bakec build one-image` takes until buildx starts; `sizes` has written the projects."""
    print("\n| build of one image | until buildx starts | targets in its file |\n|---|---|---|")
    started = directory / "started"
    env = {**os.environ, "DOCKER_CONFIG": str(_with_shim(directory / "docker", started))}
    for images, each in shapes:
        root = directory / f"{images}-{each}"
        name = f"c{images // each // 2}-i{each // 2}"
        waits = [_wait(root, name, env, started) for _ in range(rounds)]
        text = max(root.glob(f".bakec/runs/*/{name}.hcl"), key=os.path.getmtime).read_text()
        targets = text.count("\ntarget ") - 1
        print(f"| 1 of {images}, {each} in a component | {statistics.median(waits):.2f} s | {targets} |")


def _with_shim(config: Path, started: Path) -> Path:
    """A folder of Docker's configuration like the one in use, in which buildx is the shim."""
    own = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    plugin = config / "cli-plugins/docker-buildx"
    plugin.parent.mkdir(parents=True, exist_ok=True)
    for entry in own.iterdir() if own.is_dir() else ():
        if not (config / entry.name).exists():
            (config / entry.name).symlink_to(entry.resolve())
    plugin.write_text(SHIM.format(started=started, config=own, buildx=" ".join(find_buildx(os.environ))))
    plugin.chmod(0o755)
    return config


def _wait(root: Path, name: str, env: Mapping[str, str], started: Path) -> float:
    started.unlink(missing_ok=True)
    begin = time.time()
    words = ("build", name, "--load", "--platform", "amd64", "--retries", "0")
    seconds((*BAKEC, *words), root, env, may_fail=True)
    if not started.exists():
        sys.exit(f"error: bakec {' '.join(words)} did not start buildx in {root}")
    return float(started.read_text()) - begin


def main(*, tiny: bool = False) -> None:
    """Print the tables of `bakec compile`."""
    compileall.compile_dir(ROOT / "bake_compiler", quiet=1)  # as pip does when it installs bakec
    rounds, shapes = (1, TINY) if tiny else (ROUNDS, SIZES)
    start_up(rounds=rounds)
    with TemporaryDirectory() as directory:
        sizes(Path(directory), shapes)
        if not tiny:
            print("\n| beside the same print of the reference stack | bakec | bake --print | ratio | goal |")
            print("|---|---|---|---|---|")
            beside(LARGE, Path(directory, "10000-10"), 5)
        one_image(Path(directory), shapes[-2:], rounds)
