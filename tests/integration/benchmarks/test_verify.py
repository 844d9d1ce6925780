"""`./dev bench verify`, small, with a real registry."""

import re

import pytest

from tests.integration.benchmarks.small import bench

pytestmark = pytest.mark.docker


def test_verify_beside_imagetools_docker_and_crane_near_and_far(registry: str, crane: str) -> None:
    out = bench("verify", BAKEC_REGISTRY=registry, BAKEC_CRANE=crane)

    assert out.count("`bakec verify` of 2 images ") == 3
    for peer in ("`docker buildx imagetools inspect --raw`", "`docker manifest inspect`", "`crane validate --fast`"):
        assert out.count(f"| {peer}") == 3
    assert re.search(r"dependent round trips \+ \d+ requests / \d+ connections", out)
