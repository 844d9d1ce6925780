from collections.abc import AsyncIterator

import httpx
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
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def registry(fake: FakeRegistry, clock: FakeClock) -> AsyncIterator[Registry]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(fake)) as http:
        yield Registry(http, retry=clock.retry())
