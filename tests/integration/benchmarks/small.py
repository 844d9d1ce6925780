"""How tests run a part of `./dev bench` in its small form."""

import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[3]
SECONDS = r"\d+\.\d+ s"


def bench(part: str, **environment: str) -> str:
    """What `./dev bench --tiny PART` prints."""
    argv = (sys.executable, "-m", "benchmarks", "--tiny", part)
    env = {**os.environ, **environment}
    done = subprocess.run(argv, cwd=CHECKOUT, env=env, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
