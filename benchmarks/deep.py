"""`./dev bench deep`: each binary of a large image for two platforms, beside a mere list of its files by crane."""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from benchmarks.crane import CRANE
from benchmarks.measure import BAKEC, in_turn, megabytes, seconds

IMAGE = os.environ.get("BAKEC_DEEP", "ai-infra-jupyterhub:v0.3.8")  # `./dev demo` builds it
PLATFORMS = ("linux/amd64", "linux/arm64")
ROUNDS = 5
VERIFIED = f"{len(PLATFORMS)} cells: {len(PLATFORMS)} verified"
LISTED = "files of"


def main(*, tiny: bool = False) -> None:
    """Print the table."""
    if not CRANE:
        sys.exit("error: crane is not there\n hint: `./dev sandbox peers` says why")
    reference = f"{os.environ['BAKEC_REGISTRY']}/{IMAGE}"
    plain = (*BAKEC, "verify", reference, "--platform", ",".join(PLATFORMS))
    verify = (*plain, "--deep")
    with TemporaryDirectory() as directory:
        home = Path(directory)
        kept = {**os.environ, "XDG_CACHE_HOME": str(home / "kept")}
        seconds(verify, home, kept, shows=VERIFIED)
        times = in_turn(
            {
                "cold": lambda: seconds(verify, home, _without_cache(home), shows=VERIFIED),
                "warm": lambda: seconds(verify, home, kept, shows=VERIFIED),
                "plain": lambda: seconds(plain, home, kept, shows=VERIFIED),
                "crane": lambda: seconds(_lists(reference, 1), shows=LISTED),
                "crane, both": lambda: seconds(_lists(reference, 2), shows=LISTED),
            },
            1 if tiny else ROUNDS,
        )
        peak = megabytes(verify, home, _without_cache(home))
    cold, warm, common, crane = (times[name].median for name in ("cold", "warm", "plain", "crane"))
    print(f"{reference}, {' and '.join(PLATFORMS)}: {peak:.0f} MB at most (goal: 150)\n")
    print("| | shortest / median | ratio | goal |\n|---|---|---|---|")
    print(f"| `bakec verify --deep`, nothing read before | {times['cold']} | | |")
    print(f"| the same again | {times['warm']} | {warm / cold:.3f} of the first | 0.05 |")
    print(f"| without `--deep`: what both have in common | {times['plain']} | | |")
    print(f"| so reading takes, again and at first | | {(warm - common) / (cold - common):.3f} of the first | 0.05 |")
    print(f"| `crane export \\| tar t`, one after the other | {times['crane']} | bakec {cold / crane:.2f} of it | 1 |")
    both = times["crane, both"]
    print(f"| the same, both at once | {both} | bakec {cold / both.median:.2f} of it | |")


def _without_cache(home: Path) -> dict[str, str]:
    return {**os.environ, "XDG_CACHE_HOME": mkdtemp(dir=home)}


def _lists(reference: str, at_once: int) -> tuple[str, ...]:
    files = f'"{CRANE}" export --platform "$0" {reference} - | tar t | grep -c .'
    each = f'count=$({files}) && echo "$count files of $0"'
    return ("sh", "-c", f"printf '%s\\n' {' '.join(PLATFORMS)} | xargs -n 1 -P {at_once} sh -c '{each}'")
