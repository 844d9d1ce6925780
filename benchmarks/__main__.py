"""`./dev bench [PART…]`: whole processes in turn, beside what a person without bakec would run, as ratios.

Times are wall time, the shortest and the median; memory is the process's peak.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys

from benchmarks import build, deep, prove, release, verify
from benchmarks import compile as compiling

BUILDX = ("docker", "buildx", "version")
PARTS = {
    "compile": compiling.main,
    "verify": verify.main,
    "deep": deep.main,
    "build": build.main,
    "release": release.main,
}


def main() -> None:
    """Print the tables of these parts, of all unless told; with --prove, the proof in place of them."""
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", choices=(*PARTS, "all"), default="all", metavar="PART", help=", ".join(PARTS)
    )
    parser.add_argument("--tiny", action="store_true", help="each part once and small: proves that it runs, no more")
    parser.add_argument("--prove", action="store_true", help="generated projects through two versions of buildx")
    arguments = parser.parse_args()
    if arguments.prove:
        prove.main(int(os.environ.get("BAKEC_PROVE", "2000")))
    if shutil.which("docker") is None:
        sys.exit("error: docker is not on PATH\n hint: run ./dev bench")
    told = subprocess.run(BUILDX, capture_output=True, text=True, check=True).stdout.strip()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {told}, load {os.getloadavg()[0]:.1f}")
    for part in PARTS if "all" in arguments.parts else arguments.parts:
        print(flush=True)
        PARTS[part](tiny=arguments.tiny)


if __name__ == "__main__":
    main()
