"""`./dev bench compile`, small, with the real engine: every contender runs, and what it does is timed."""

import re

import pytest

from tests.integration.benchmarks.small import SECONDS, bench

pytestmark = pytest.mark.docker


def test_compile_beside_what_buildx_prints() -> None:
    out = bench("compile")

    assert len(re.findall(rf"^\| bakec .* \| {SECONDS} \| {SECONDS} \| ", out, re.MULTILINE)) == 5
    assert re.search(rf"^\| 120 \| 120 \| {SECONDS} \| {SECONDS} \| \d+ MB \| {SECONDS} \|$", out, re.MULTILINE)
    assert re.search(rf"^\| 1 of 120, 1 in a component \| {SECONDS} \| \d \|$", out, re.MULTILINE)
