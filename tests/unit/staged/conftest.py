import pytest

from bake_compiler.registry import Registry
from tests.fakes.clock import FakeClock
from tests.fakes.registry import FakeRegistry


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def fake() -> FakeRegistry:
    return FakeRegistry()


@pytest.fixture
def registry(fake: FakeRegistry) -> Registry:
    return Registry(fake, retry=FakeClock().retry())
