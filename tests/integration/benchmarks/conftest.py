"""What the tests of benchmarks ask for."""

import pytest

from sandbox import peers
from sandbox.state import State
from tests.integration.benchmarks.small import CHECKOUT


@pytest.fixture(scope="module")
def crane() -> str:
    """The path of crane, which is fetched where no benchmark has run yet."""
    state = State.of(CHECKOUT)
    peers.fetch(state)
    return peers.environment(state)["BAKEC_CRANE"]
