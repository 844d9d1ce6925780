"""The contract, asked of the fake registry in several guises; tests/integration/test_registries.py asks real ones."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.fakes.guards import Basic, Guard, Tokens
from tests.fakes.places import Place, Tokened, network
from tests.fakes.registry import FakeRegistry
from tests.unit.registry.contract import *  # noqa: F403 - every test of it, with the `place` below

pytestmark = pytest.mark.anyio

USERS = {"me": "secret"}


def guarded(guard: Guard | None) -> tuple[FakeRegistry, httpx.Auth | None]:
    fake = FakeRegistry()
    fake.guard = guard
    return fake, {Basic: httpx.BasicAuth("me", "secret"), Tokens: Tokened("me", "secret")}.get(type(guard))


@contextmanager
def in_memory(guard: Guard | None) -> Iterator[Place]:
    fake, auth = guarded(guard)
    yield Place("registry.test", "https://registry.test", fake, httpx.MockTransport(fake), auth)


@contextmanager
def on_a_socket(guard: Guard | None) -> Iterator[Place]:
    fake, auth = guarded(guard)
    with fake.serve() as host:
        yield Place(host, f"http://{host}", network(), httpx.AsyncHTTPTransport(), auth)


@pytest.fixture(
    params=[
        pytest.param((in_memory, None), id="in-memory"),
        pytest.param((in_memory, Basic(USERS)), id="in-memory-with-password"),
        pytest.param((in_memory, Tokens(USERS)), id="in-memory-with-tokens"),
        pytest.param((on_a_socket, None), id="on-a-socket"),
        pytest.param((on_a_socket, Tokens(USERS)), id="on-a-socket-with-tokens"),
    ]
)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    where, guard = request.param
    with where(guard) as place:
        yield place
