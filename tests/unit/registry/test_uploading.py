"""Blobs that are pushed through what goes wrong on the way: cuts, refusals, wrong bytes, odd places."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from bake_compiler.errors import AccessError, RegistryError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.reference import Reference
from bake_compiler.registry import Arrival, LimitError, Registry, Retry, WrongContentError
from bake_compiler.registry.ask import RegistryLimits
from bake_compiler.registry.transport import Request
from tests.fakes.clock import FakeClock
from tests.fakes.faulty import Faulty, Reset, always, faulty, first
from tests.fakes.guards import Tokens
from tests.fakes.images import image_of
from tests.fakes.places import Known, network
from tests.fakes.registry import FakeRegistry, Fault, Hosts
from tests.fakes.streams import Streamed

pytestmark = pytest.mark.anyio

REF = Reference.parse("registry.test/acme/web:1.0")
NEAR = Reference.parse("registry.test/acme/base:1.0")


@pytest.fixture
def blob() -> Streamed:
    return Streamed(bytes(range(256)) * 4096)


def held(fake: FakeRegistry, name: str = "acme/web") -> dict[str, bytes]:
    return fake.repositories[name].blobs


def asked(fake: FakeRegistry, method: str) -> int:
    return sum(request.method == method for request in fake.requests)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(429, method="PUT", headers={"Retry-After": "7"}),
        Fault(503, method="PUT"),
        Fault(500, method="PUT", times=3),
        Fault(method="PUT", reset=True),
        Fault(429, method="POST"),
        Fault(method="POST", reset=True),
        Fault(502, method="HEAD"),
    ],
    ids=lambda fault: f"{fault.method}-{fault.status or 'reset'}",
)
async def test_a_blob_arrives_whatever_passes_by_itself(
    registry: Registry, fake: FakeRegistry, clock: FakeClock, blob: Streamed, fault: Fault
) -> None:
    wanted = float(fault.headers.get("Retry-After", 0))
    fake.faults.append(fault)

    assert await registry.push_blob(REF, blob.descriptor, blob.read, on_bytes=blob.on_bytes) is Arrival.SENT

    assert held(fake) == {str(blob.digest): blob.content}
    assert blob.told == len(blob.content)
    assert max(clock.slept) >= wanted


async def test_a_blob_whose_answer_was_lost_is_not_sent_again(
    registry: Registry, fake: FakeRegistry, blob: Streamed
) -> None:
    fake.faults.append(Fault(method="PUT", cut=0))

    assert await registry.push_blob(REF, blob.descriptor, blob.read) is Arrival.PRESENT

    assert (blob.reads, asked(fake, "PUT")) == (1, 1)


async def test_what_never_works_is_given_up(registry: Registry, fake: FakeRegistry, blob: Streamed) -> None:
    fake.faults.append(Fault(503, method="PUT", times=1000))

    with pytest.raises(RegistryError, match=r"PUT https://registry\.test/v2/acme/web/blobs/uploads/.*: 503"):
        await registry.push_blob(REF, blob.descriptor, blob.read)

    assert asked(fake, "PUT") == 6
    assert held(fake) == {}


async def test_who_may_not_push_is_told_once(registry: Registry, fake: FakeRegistry, blob: Streamed) -> None:
    fake.faults.append(Fault(403, method="POST", times=1000))

    with pytest.raises(AccessError, match="403"):
        await registry.push_blob(REF, blob.descriptor, blob.read)

    assert (blob.reads, asked(fake, "POST")) == (0, 1)


async def test_one_token_lets_mount_from_another_repository(
    fake: FakeRegistry, clock: FakeClock, blob: Streamed
) -> None:
    guard = fake.guard = Tokens({"me": "secret"})
    registry = Registry(fake, credentials=Known("me", "secret"), retry=clock.retry())
    held(fake, "acme/base")[str(blob.digest)] = blob.content

    assert await registry.push_blob(REF, blob.descriptor, blob.read, near=NEAR) is Arrival.MOUNTED

    assert "repository:acme/web:pull,push repository:acme/base:pull" in guard.given


async def test_a_registry_that_refuses_to_mount_is_sent_the_blob(
    registry: Registry, fake: FakeRegistry, blob: Streamed
) -> None:
    fake.faults.append(Fault(400, method="POST"))

    assert await registry.push_blob(REF, blob.descriptor, blob.read, near=NEAR) is Arrival.SENT


async def test_a_source_that_is_cut_is_taken_up_where_it_was(fake: FakeRegistry, clock: FakeClock) -> None:
    source = FakeRegistry()
    made = source.push("acme/web", "1.0", image_of("linux/amd64", layers=(b"0123456789" * 100_000,)))
    blob = Streamed(made.blobs[1])
    source.faults.append(Fault(path="/blobs/", method="GET", cut=300_000))
    registry = Registry(Hosts(registry=fake, source=source), retry=clock.retry())
    there = Reference.parse("source.test/acme/web:1.0")

    def read() -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        return registry.stream(there, blob.digest, size=len(blob.content))

    assert await registry.push_blob(REF, blob.descriptor, read) is Arrival.SENT

    assert [each.headers.get("range") for each in source.requests] == [None, "bytes=300000-"]
    assert asked(fake, "PUT") == 1


async def test_a_source_with_wrong_bytes_is_asked_once(registry: Registry, fake: FakeRegistry, blob: Streamed) -> None:
    wrong = Streamed(blob.content[:-1] + b".")

    with pytest.raises(WrongContentError, match=f"in place of {len(blob.content)} of {blob.digest}"):
        await registry.push_blob(REF, blob.descriptor, wrong.read)

    assert (wrong.reads, held(fake)) == (1, {})


@pytest.mark.parametrize("location", ["", "http://169.254.169.254/latest", "http://elsewhere.test/upload", "http://["])
async def test_no_blob_is_sent_where_a_registry_may_not_send_us(
    registry: Registry, fake: FakeRegistry, blob: Streamed, location: str
) -> None:
    fake.faults.append(Fault(202, method="POST", headers={"Location": location} if location else {}))

    with pytest.raises(RegistryError, match="sends uploads to"):
        await registry.push_blob(REF, blob.descriptor, blob.read)

    assert blob.reads == 0


async def test_credentials_do_not_go_with_a_blob_to_another_host(clock: FakeClock, blob: Streamed) -> None:
    fake, store = FakeRegistry(), FakeRegistry()
    fake.guard = Tokens({"me": "secret"})
    hosts = Hosts(registry=fake, store=store)
    registry = Registry(hosts, credentials=Known("me", "secret"), retry=clock.retry())
    upload = await _begun(store)
    fake.faults.append(Fault(202, method="POST", headers={"Location": f"https://store.test{upload}?signature=1"}))
    fake.faults[0].times = 0
    await registry.tags(REF)
    fake.faults[0].times = 1

    assert await registry.push_blob(REF, blob.descriptor, blob.read) is Arrival.SENT

    (sent,) = (each for each in hosts.requests if each.method == "PUT")
    assert "Authorization" not in sent.headers
    assert sent.url.endswith(f"?signature=1&digest=sha256%3A{blob.digest.encoded}")
    assert held(store) == {str(blob.digest): blob.content}


async def _begun(store: FakeRegistry) -> str:
    """The place of an upload that another repository of another host has begun."""

    answer = await store.send(Request("POST", "https://store.test/v2/acme/web/blobs/uploads/"))
    return answer.headers["Location"]


@pytest.fixture
def proxied(fake: FakeRegistry) -> Iterator[Faulty]:
    with fake.serve() as host, faulty(host) as proxy:
        yield proxy


async def test_a_connection_that_breaks_in_the_middle_of_a_blob(fake: FakeRegistry, proxied: Faulty) -> None:
    blob, real = Streamed(bytes(range(256)) * 40_000), network()
    proxied.rule = first(2, always(lambda asked: asked.uploads, Reset()))
    registry = Registry(real, retry=Retry(first=0.01))
    ref = Reference.parse(f"{proxied.address}/acme/web:1.0")

    try:
        assert await registry.push_blob(ref, blob.descriptor, blob.read, on_bytes=blob.on_bytes) is Arrival.SENT
    finally:
        await real.close()

    assert proxied.did == {"reset": 2}
    assert (blob.reads, blob.told) == (3, len(blob.content))
    assert held(fake) == {str(blob.digest): blob.content}


async def test_wrong_bytes_over_a_socket_are_told_as_such(fake: FakeRegistry) -> None:
    blob, real = Streamed(bytes(range(256)) * 4096), network()
    wrong = Streamed(blob.content[:-1])
    with fake.serve() as host:
        try:
            with pytest.raises(WrongContentError):
                await Registry(real).push_blob(Reference.parse(f"{host}/acme/web:1.0"), blob.descriptor, wrong.read)
        finally:
            await real.close()
    assert held(fake) == {}


async def test_a_source_that_stands_still_is_not_waited_for_for_ever(fake: FakeRegistry, blob: Streamed) -> None:
    @asynccontextmanager
    async def stuck() -> AsyncIterator[AsyncIterator[bytes]]:
        async def pieces() -> AsyncIterator[bytes]:
            yield blob.content[:100]
            await asyncio.sleep(60)

        yield pieces()

    registry = Registry(fake, limits=RegistryLimits(seconds=0.05))

    with pytest.raises(LimitError, match=r"no complete answer within 0\.05 s"):
        await registry.push_blob(REF, blob.descriptor, stuck)


async def test_a_slow_blob_is_waited_for_as_long_as_it_moves(fake: FakeRegistry) -> None:
    content = b"0123456789"

    @asynccontextmanager
    async def slow() -> AsyncIterator[AsyncIterator[bytes]]:
        async def pieces() -> AsyncIterator[bytes]:
            for at in range(len(content)):
                await asyncio.sleep(0.12)
                yield content[at : at + 1]

        yield pieces()

    registry = Registry(fake, limits=RegistryLimits(seconds=1.0))

    assert await registry.push_blob(REF, Streamed(content).descriptor, slow) is Arrival.SENT
    assert held(fake) == {str(Digest.of(content)): content}
