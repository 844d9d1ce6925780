"""`./dev bench`: whole-process wall times, A B A B …, and the ratio of their medians.

The peer is `docker buildx bake --print` of the same file: what a person without bakec would run.
"""

import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
RUNS = 10
BAKEC = (sys.executable, "-m", "bake_compiler")
PEER = ("docker", "buildx", "bake", "--print")
CASES = (("bakec --help", (*BAKEC, "--help")), ("bakec compile --check", (*BAKEC, "compile", "--check")))


def seconds(argv: Sequence[str]) -> float:
    """Wall time of one run; its output is thrown away, its failure is ours."""
    begin = time.perf_counter()
    subprocess.run(argv, cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - begin


def main() -> None:
    """Print a line for each case."""
    if shutil.which("docker") is None:
        sys.exit("error: docker is not on PATH\n hint: run ./dev bench")
    for name, argv in CASES:
        pairs = [(seconds(argv), seconds(PEER)) for _ in range(RUNS + 1)][1:]
        ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(f"{name}: {ours:.3f} s, docker buildx bake --print: {theirs:.3f} s, ratio {ours / theirs:.2f}")


if __name__ == "__main__":
    main()
