"""Each part of `./dev bench`, small, with the real engine: every contender runs, and what it does is timed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox import peers
from sandbox.state import State
from tests.integration.conftest import Stack

CHECKOUT = Path(__file__).parents[2]
SECONDS = r"\d+\.\d+ s"
pytestmark = pytest.mark.docker


def bench(part: str, **environment: str) -> str:
    """What `./dev bench --tiny PART` prints."""
    argv = (sys.executable, "-m", "benchmarks", "--tiny", part)
    env = {**os.environ, **environment}
    done = subprocess.run(argv, cwd=CHECKOUT, env=env, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def crane() -> str:
    """The path of crane, which is fetched where no benchmark has run yet."""
    state = State.of(CHECKOUT)
    peers.fetch(state)
    return peers.environment(state)["BAKEC_CRANE"]


def test_compile_beside_what_buildx_prints() -> None:
    out = bench("compile")

    assert len(re.findall(rf"^\| bakec .* \| {SECONDS} \| {SECONDS} \| ", out, re.MULTILINE)) == 5
    assert re.search(rf"^\| 120 \| 120 \| {SECONDS} \| {SECONDS} \| \d+ MB \| {SECONDS} \|$", out, re.MULTILINE)
    assert re.search(rf"^\| 1 of 120, 1 in a component \| {SECONDS} \| \d \|$", out, re.MULTILINE)


def test_verify_beside_imagetools_docker_and_crane_near_and_far(registry: str, crane: str) -> None:
    out = bench("verify", BAKEC_REGISTRY=registry, BAKEC_CRANE=crane)

    assert out.count("`bakec verify` of 2 images ") == 3
    for peer in ("`docker buildx imagetools inspect --raw`", "`docker manifest inspect`", "`crane validate --fast`"):
        assert out.count(f"| {peer}") == 3
    assert re.search(r"dependent round trips \+ \d+ requests / \d+ connections", out)


def test_deep_beside_a_list_of_files_by_crane(stack: Stack, crane: str) -> None:
    assert stack.build("hub").status == 0

    out = bench(
        "deep", BAKEC_REGISTRY=stack.registry, BAKEC_DEEP=f"{stack.root.name}/hub:{stack.tag}", BAKEC_CRANE=crane
    )

    rows = [line for line in out.splitlines() if line.startswith(("| `", "| the same", "| without"))]
    assert len(rows) == 5
    assert all(re.search(SECONDS, row) for row in rows), rows


@pytest.mark.usefixtures("sandbox")
def test_build_beside_one_bake_and_the_loop_cold_and_warm() -> None:
    out = bench("build")

    for state in ("cold", "warm"):
        assert f"| two tiny images, {state} | " in out
    for peer in ("one `docker buildx bake --push`", "`docker buildx build --push` for each platform"):
        assert len(re.findall(rf"^\| {re.escape(peer)}.* \| [\d.]+ / {SECONDS} \| ", out, re.MULTILINE)) == 2


@pytest.mark.usefixtures("sandbox")
def test_release_beside_one_bake() -> None:
    out = bench("release")

    assert "| 2 images, 6 tags: from the first to the last | " in out
    for state in ("cold", "from cache"):
        assert re.search(rf"^\| {state} \| \d+ ms \| \d+ ms \| ", out, re.MULTILINE)
