"""`./dev bench deep`, small, with a real registry."""

import re

import pytest

from tests.integration.benchmarks.small import SECONDS, bench
from tests.integration.conftest import Stack

pytestmark = pytest.mark.docker


def test_deep_beside_a_list_of_files_by_crane(stack: Stack, crane: str) -> None:
    assert stack.build("hub").status == 0

    out = bench(
        "deep", BAKEC_REGISTRY=stack.registry, BAKEC_DEEP=f"{stack.root.name}/hub:{stack.tag}", BAKEC_CRANE=crane
    )

    rows = [line for line in out.splitlines() if line.startswith(("| `", "| the same", "| without"))]
    assert len(rows) == 5
    assert all(re.search(SECONDS, row) for row in rows), rows
