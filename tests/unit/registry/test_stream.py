from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake_compiler.errors import AccessError, NotFoundError, RegistryError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.reference import Reference
from bake_compiler.registry import LimitError, Registry
from bake_compiler.registry.transport import NoAnswerError, Reason, Request, Response
from tests.fakes.clock import FakeClock
from tests.fakes.guards import Tokens
from tests.fakes.registry import FakeRegistry, Fault, Hosts

pytestmark = pytest.mark.anyio

REF = Reference.parse("registry.test/acme/web:1.0")
CONTENT = bytes(range(251)) * 4000
BLOB = Digest.of(CONTENT)
MEBIBYTE = 1024 * 1024


@pytest.fixture
def fake() -> FakeRegistry:
    fake = FakeRegistry()
    fake.repositories["acme/web"].blobs[str(BLOB)] = CONTENT
    return fake


async def read(registry: Registry, digest: Digest = BLOB, size: int = len(CONTENT)) -> bytes:
    async with registry.stream(REF, digest, size=size) as chunks:
        return b"".join([chunk async for chunk in chunks])


@dataclass
class Pieces:
    """A response that comes in these pieces; a number is a pause in seconds, an error cuts it."""

    pieces: Iterable[bytes | float | NoAnswerError]
    clock: FakeClock = field(default_factory=FakeClock)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    closed: int = 0

    def __post_init__(self) -> None:
        self.rest = iter(self.pieces)

    async def send(self, _: Request) -> Response:
        return self

    async def read(self) -> bytes:
        for piece in self.rest:
            match piece:
                case bytes():
                    return piece
                case NoAnswerError():
                    raise piece
                case _:
                    self.clock.now += piece
        return b""

    async def close(self) -> None:
        self.closed += 1

    def registry(self) -> Registry:
        return Registry(self, retry=self.clock.retry())


async def test_a_blob_is_read_to_its_end(registry: Registry) -> None:
    assert await read(registry) == CONTENT


async def test_small_pieces_are_put_together() -> None:
    pieces = Pieces([b"x" * 10_000] * 20)

    async with pieces.registry().stream(REF, BLOB, size=200_000) as chunks:
        sizes = [len(chunk) async for chunk in chunks]

    assert sizes == [70_000, 70_000, 60_000]
    assert pieces.closed == 1


async def test_large_pieces_are_passed_on_as_they_are() -> None:
    whole = b"x" * MEBIBYTE

    async with Pieces([whole]).registry().stream(REF, BLOB, size=MEBIBYTE) as chunks:
        assert await anext(chunks) is whole


async def test_an_unread_stream_gives_its_connection_back() -> None:
    pieces = Pieces([b"x" * MEBIBYTE] * 2)

    async with pieces.registry().stream(REF, BLOB, size=9 * MEBIBYTE) as chunks:
        await anext(chunks)

    assert pieces.closed == 1


@pytest.mark.parametrize("ranges", [True, False])
async def test_a_cut_is_taken_up_where_it_was(
    registry: Registry, fake: FakeRegistry, clock: FakeClock, ranges: bool
) -> None:
    fake.ranges = ranges
    fake.faults.append(Fault(cut=300_000))

    assert await read(registry) == CONTENT
    assert [request.headers.get("range") for request in fake.requests] == [None, "bytes=300000-"]
    assert clock.slept == [0.25]


@given(cuts=st.lists(st.integers(0, len(CONTENT)), max_size=5), ranges=st.booleans())
async def test_cuts_anywhere_change_nothing(cuts: list[int], ranges: bool) -> None:
    fake = FakeRegistry()
    fake.repositories["acme/web"].blobs[str(BLOB)] = CONTENT
    fake.ranges = ranges
    fake.faults += [Fault(cut=cut) for cut in cuts]

    assert await read(Registry(fake, retry=FakeClock().retry())) == CONTENT


async def test_a_cut_is_taken_up_with_a_new_token_and_from_where_the_registry_points_now(
    fake: FakeRegistry, clock: FakeClock
) -> None:
    tokens = fake.guard = Tokens(public=frozenset({"acme/web"}), clock=clock.read, lifetime=0.2)
    store = FakeRegistry()
    store.repositories["acme/web"].blobs[str(BLOB)] = CONTENT
    fake.blobs_at = "https://store.test"
    store.faults.append(Fault(cut=300_000))

    assert await read(Registry(Hosts(registry=fake, store=store), retry=clock.retry())) == CONTENT

    assert len(tokens.given) == 2
    assert [request.headers.get("range") for request in store.requests] == [None, "bytes=300000-"]
    assert all("authorization" not in request.headers for request in store.requests)


async def test_a_blob_that_is_always_cut_ends_at_the_deadline(
    registry: Registry, fake: FakeRegistry, clock: FakeClock
) -> None:
    fake.faults.append(Fault(cut=1, times=99))

    with pytest.raises(RegistryError, match=r"no connection \(cut before its end\)"):
        await read(registry)

    assert clock.now <= 30


async def test_progress_earns_new_patience(clock: FakeClock) -> None:
    size = 64 * MEBIBYTE
    fake = FakeRegistry()
    content = bytes(size)
    digest = Digest.of(content)
    fake.repositories["acme/web"].blobs[str(digest)] = content
    fake.faults += [fault for _ in range(5) for fault in (Fault(503, times=6), Fault(cut=8 * MEBIBYTE))]

    assert len(await read(Registry(fake, retry=clock.retry()), digest, size)) == size
    assert clock.now > 30


async def test_more_than_the_size_is_not_read(registry: Registry, fake: FakeRegistry) -> None:
    fake.faults.append(Fault(200, body=b"x" * 100_000, endless=True))

    with pytest.raises(LimitError, match=f"more than its {len(CONTENT)} bytes"):
        await read(registry)


async def test_less_than_the_size_is_for_the_reader_to_notice() -> None:
    assert await read(Pieces([b"less"]).registry()) == b"less"


async def test_a_trickle_is_too_slow() -> None:
    pieces = Pieces([part for _ in range(100_000) for part in (1.0, b"x")])

    with pytest.raises(LimitError, match="slower than 16384 bytes a second"):
        await read(pieces.registry())

    assert 30 <= pieces.clock.now <= 32


async def test_a_reader_may_take_its_time() -> None:
    pieces = Pieces([b"x" * 100_000] * 10)

    async with pieces.registry().stream(REF, BLOB, size=MEBIBYTE) as chunks:
        async for _ in chunks:
            pieces.clock.now += 3600


async def test_a_slow_start_is_forgiven_when_it_hurries() -> None:
    pieces = Pieces([29.0, b"x" * MEBIBYTE, 29.0, b"x"])

    assert len(await read(pieces.registry(), size=2 * MEBIBYTE)) == MEBIBYTE + 1


@pytest.mark.parametrize("stated", ["", "bytes 0-9/10", "bytes 3000000-/x"])
async def test_another_part_than_asked_for_is_refused(fake: FakeRegistry, clock: FakeClock, stated: str) -> None:
    fake.faults += [Fault(cut=300_000), Fault(206, headers={"Content-Range": stated}, body=CONTENT)]

    with pytest.raises(RegistryError, match="bakec asked for the bytes after 300000, and got another part"):
        await read(Registry(fake, retry=clock.retry()))


async def test_part_of_a_blob_for_a_question_for_all_of_it_is_refused(registry: Registry, fake: FakeRegistry) -> None:
    fake.faults.append(Fault(206, headers={"Content-Range": "bytes 5-9/10"}, body=b"later"))

    with pytest.raises(RegistryError, match="got another part"):
        await read(registry)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, NotFoundError), (401, AccessError), (403, AccessError), (416, RegistryError), (204, RegistryError)],
)
async def test_a_refusal_is_told_as_what_it_is(
    registry: Registry, fake: FakeRegistry, status: int, kind: type[RegistryError]
) -> None:
    fake.faults.append(Fault(status))

    with pytest.raises(kind, match=f": {status} "):
        await read(registry)


async def test_a_passing_failure_is_asked_again(registry: Registry, fake: FakeRegistry) -> None:
    fake.faults += [Fault(503), Fault(429), Fault(reset=True)]

    assert await read(registry) == CONTENT


async def test_a_failure_that_does_not_pass_is_final(clock: FakeClock) -> None:
    pieces = Pieces([b"x", NoAnswerError(Reason.TLS)], clock)

    with pytest.raises(AccessError, match="no trusted TLS connection"):
        await read(pieces.registry())

    assert clock.slept == []
    assert pieces.closed == 1
