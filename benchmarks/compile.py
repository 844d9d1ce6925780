"""`./dev bench compile`: beside `docker buildx bake --print` of the same file."""

import os
import shutil
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import BAKEC, megabytes, seconds
from benchmarks.stacks import write_stack

RUNS = 10
PEER = ("docker", "buildx", "bake", "--print")
SHIM = """#!/bin/sh
case "$*" in *"buildx bake"*) date +%s.%N >'{started}'; exit 1 ;; esac
exec '{docker}' "$@"
"""


def compare(name: str, argv: Sequence[str], limit: float) -> None:
    """A row: ours, the peer's, the ratio of their medians, and the ratio that is our aim."""
    pairs = [(seconds(argv), seconds(PEER)) for _ in range(RUNS + 1)][1:]
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"| {name} | {ours:.3f} s | {theirs:.3f} s | {ours / theirs:.2f} | {f'≤ {limit}' if limit else ''} |")


def start_up() -> None:
    """The reference stack, whole processes."""
    print("| whole process, reference stack | bakec | bake --print | ratio | aim |\n|---|---|---|---|---|")
    compare("bakec --help", (*BAKEC, "--help"), 0.5)
    compare("bakec compile, nothing changed", (*BAKEC, "compile"), 1.0)
    compare("bakec compile -o -, from scratch", (*BAKEC, "compile", "-o", "-"), 0)
    compare("bakec compile --check --by bytes", (*BAKEC, "compile", "--check", "--by", "bytes"), 0)
    compare("bakec compile --check (7 readings by buildx)", (*BAKEC, "compile", "--check"), 0)


def sizes(directory: Path) -> None:
    """How the cost grows with the number of images."""
    print(
        "\n| images | components | compile | check by bytes | peak memory | bake --print |\n|---|---|---|---|---|---|"
    )
    for images, each in ((100, 10), (1_000, 10), (10_000, 10), (10_000, 1)):
        root = write_stack(directory / f"{images}-{each}", images, each)
        first = seconds((*BAKEC, "compile"), root)
        check = (*BAKEC, "compile", "--check", "--by", "bytes")
        again = statistics.median(seconds(check, root) for _ in range(3))
        peer = f"{seconds(PEER, root):.2f} s" if images <= 1_000 else "not run: over a minute"  # noqa: PLR2004
        peak = megabytes(check, root)
        print(f"| {images} | {images // each} | {first:.2f} s | {again:.2f} s | {peak:.0f} MB | {peer} |")


def one_image(directory: Path) -> None:
    """`bakec build one-image` in a project of 10,000: until buildx starts."""
    print("\n| build of one image of 10,000 | until buildx starts | targets in its file |\n|---|---|---|")
    for each in (10, 1):
        root = directory / f"10000-{each}"
        shim, started = directory / f"shim-{each}", directory / "started"
        shim.mkdir()
        (shim / "docker").write_text(SHIM.format(started=started, docker=shutil.which("docker")))
        (shim / "docker").chmod(0o755)
        env = {**os.environ, "PATH": f"{shim}:{os.environ['PATH']}"}
        name = "c77-i0" if each == 1 else "c77-i3"
        waits = [_wait(root, name, env, started) for _ in range(5)]
        text = max(root.glob(f".bakec/runs/*/{name}.hcl"), key=os.path.getmtime).read_text()
        print(
            f"| {each} images a component | {statistics.median(waits):.2f} s | {text.count(chr(10) + 'target ') - 1} |"
        )


def _wait(root: Path, name: str, env: Mapping[str, str], started: Path) -> float:
    begin = time.time()
    seconds((*BAKEC, "build", name, "--load", "--platform", "amd64"), root, env, may_fail=True)
    return float(started.read_text()) - begin


def main() -> None:
    """Print the tables of `bakec compile`."""
    start_up()
    with TemporaryDirectory() as directory:
        sizes(Path(directory))
        one_image(Path(directory))
