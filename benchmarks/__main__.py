"""`./dev bench`: whole processes, A B A B …, beside the peer that a person without bakec would run, as ratios.

The peer is `docker buildx bake --print` of the same file. Times are medians of wall time; memory is the process's peak.
"""

import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import prove
from benchmarks.stacks import write_stack

ROOT = Path(__file__).parent.parent
RUNS = 10
BAKEC = (sys.executable, "-m", "bake_compiler")
PEER = ("docker", "buildx", "bake", "--print")
SHIM = """#!/bin/sh
case "$*" in *"buildx bake"*) date +%s.%N >'{started}'; exit 1 ;; esac
exec '{docker}' "$@"
"""


def seconds(
    argv: Sequence[str], cwd: Path = ROOT, env: Mapping[str, str] | None = None, *, may_fail: bool = False
) -> float:
    """Wall time of one run; its output is thrown away, its failure is ours."""
    begin = time.perf_counter()
    subprocess.run(argv, cwd=cwd, env=env, check=not may_fail, capture_output=True)
    return time.perf_counter() - begin


def megabytes(argv: Sequence[str], cwd: Path) -> float:
    """Peak memory of one run, measured by a child of its own."""
    code = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, capture_output=True);"
    code += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)"
    done = subprocess.run([sys.executable, "-c", code, *argv], cwd=cwd, check=True, capture_output=True, text=True)
    return float(done.stdout)


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
    """Print the tables; with --prove, the proof in place of them."""
    if "--prove" in sys.argv:
        prove.main(int(os.environ.get("BAKEC_PROVE", "2000")))
    if shutil.which("docker") is None:
        sys.exit("error: docker is not on PATH\n hint: run ./dev bench")
    told = subprocess.run((*PEER[:2], "version"), capture_output=True, text=True, check=True).stdout.strip()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {told}, load {os.getloadavg()[0]:.1f}\n")
    start_up()
    with TemporaryDirectory() as directory:
        sizes(Path(directory))
        one_image(Path(directory))


if __name__ == "__main__":
    main()
