"""`./dev bench build` and `release`, small. Both start an engine of the same name, so one file has both."""

import re

import pytest

from tests.integration.benchmarks.small import SECONDS, bench

pytestmark = pytest.mark.docker


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
