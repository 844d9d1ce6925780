import asyncio
import gzip
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import replace

import pytest

from bake_compiler.errors import AccessError, NotFoundError, RegistryError, UsageError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import RawManifest
from bake_compiler.registry import LimitError, Registry, WrongContentError
from bake_compiler.registry.ask import RegistryLimits
from bake_compiler.registry.client import LARGEST_MANIFEST
from bake_compiler.registry.transport import NoAnswerError, Reason, Request, Response
from tests.fakes import virtual_time
from tests.fakes.clock import FakeClock
from tests.fakes.images import Made
from tests.fakes.registry import FakeRegistry, Fault
from tests.fakes.wire import InMemoryResponse

pytestmark = pytest.mark.anyio

REF = Reference.parse("registry.test/acme/web:1.0")
URL = "GET https://registry.test/v2/acme/web/manifests/1.0"
PLATFORMS = ("linux/amd64", "linux/arm64")


@pytest.fixture
def made(fake: FakeRegistry) -> Made:
    return fake.push_image("acme/web", "1.0", PLATFORMS)


class Failing:
    """A network on which every request fails like this."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def send(self, _: Request) -> Response:
        raise self.error


@pytest.mark.parametrize(
    ("status", "kind", "hint"),
    [
        (401, AccessError, "log in with `docker login registry.test`"),
        (403, AccessError, "asked without credentials"),
        (404, NotFoundError, "never pushed"),
        (404, NotFoundError, "or is private: `docker login registry.test`"),
        (407, AccessError, "HTTPS_PROXY"),
        (405, RegistryError, "log for why it refuses"),
        (304, RegistryError, "log for why it refuses"),
        (429, RegistryError, "limits requests"),
        (500, RegistryError, "try again later"),
        (599, RegistryError, "try again later"),
    ],
)
async def test_each_refusal_has_its_error_with_method_url_and_hint(
    registry: Registry, fake: FakeRegistry, status: int, kind: type[RegistryError], hint: str
) -> None:
    fake.faults.append(Fault(status, times=99))

    with pytest.raises(RegistryError) as caught:
        await registry.manifest(REF)

    assert type(caught.value) is kind
    assert caught.value.message.startswith(f"{URL}: {status}")
    assert hint in caught.value.hint


async def test_the_words_of_the_registry_are_part_of_the_message(registry: Registry, fake: FakeRegistry) -> None:
    fake.faults.append(Fault(400, body=b'{"errors": [{"code": "TAG_INVALID", "message": "immutable\\u001b[2J"}]}'))

    with pytest.raises(RegistryError) as caught:
        await registry.manifest(REF)

    assert caught.value.message == f"{URL}: 400 Bad Request (TAG_INVALID: immutable [2J)"


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"[]", b"{}", b'{"errors": []}', b'{"errors": ["x"]}', b'{"errors": null}', b"[" * 50_000],
)
async def test_an_error_without_sound_words_is_told_by_its_status(
    registry: Registry, fake: FakeRegistry, body: bytes
) -> None:
    fake.faults.append(Fault(400, body=body))

    with pytest.raises(RegistryError) as caught:
        await registry.manifest(REF)

    assert caught.value.message == f"{URL}: 400 Bad Request"


async def test_an_endless_error_page_is_not_read_to_its_end(registry: Registry, fake: FakeRegistry) -> None:
    fake.faults.append(Fault(400, body=b"x" * 1_000_000))

    with pytest.raises(RegistryError, match=r"400 Bad Request$"):
        await registry.manifest(REF)


@pytest.mark.parametrize("reason", Reason)
async def test_no_answer_has_its_error_with_method_url_and_hint(reason: Reason) -> None:
    error = NoAnswerError(reason, "said\x1b")

    with pytest.raises(RegistryError) as caught:
        await Registry(Failing(error), retry=FakeClock().retry()).manifest(REF)

    assert caught.value.message == f"{URL}: {reason} (said)"
    assert caught.value.hint
    assert caught.value.__cause__ is error
    assert isinstance(caught.value, AccessError) is (reason in {Reason.TLS, Reason.PROXY})
    assert isinstance(caught.value, LimitError) is (reason is Reason.TOO_MUCH)


async def test_a_certificate_that_is_not_trusted_is_not_asked_again(clock: FakeClock) -> None:
    with pytest.raises(AccessError, match="no trusted TLS connection"):
        await Registry(Failing(NoAnswerError(Reason.TLS)), retry=clock.retry()).manifest(REF)

    assert clock.slept == []


async def test_an_answer_that_does_not_end_in_time_is_given_up() -> None:
    class Silent:
        async def send(self, _: Request) -> Response:
            await asyncio.Event().wait()
            raise AssertionError

    registry = Registry(Silent(), retry=FakeClock().retry(), limits=RegistryLimits(seconds=0.01))

    with pytest.raises(LimitError, match=r"no complete answer within 0\.01 s"):
        await registry.manifest(REF)


async def test_a_host_that_is_no_url_is_a_registry_error(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="no sound HTTP answer"):
        await registry.ping("[::::]")


@pytest.mark.parametrize("fault", [Fault(429), Fault(500), Fault(503), Fault(reset=True)])
async def test_a_passing_failure_is_asked_again(
    registry: Registry, fake: FakeRegistry, made: Made, fault: Fault
) -> None:
    fault.times = 3
    fake.faults.append(fault)

    assert (await registry.manifest(REF)).digest == made.digest
    assert len(fake.requests) == 4


async def test_a_lasting_failure_ends_at_the_deadline(registry: Registry, fake: FakeRegistry, clock: FakeClock) -> None:
    fake.faults.append(Fault(503, times=99))

    with pytest.raises(RegistryError, match="503 Service Unavailable"):
        await registry.manifest(REF)

    assert 15 < clock.now <= 30


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405])
async def test_a_final_answer_is_not_asked_again(registry: Registry, fake: FakeRegistry, status: int) -> None:
    fake.faults.append(Fault(status))

    with pytest.raises(RegistryError):
        await registry.manifest(REF)

    assert len(fake.requests) == 1


@pytest.mark.usefixtures("made")
async def test_retry_after_is_honoured(registry: Registry, fake: FakeRegistry, clock: FakeClock) -> None:
    fake.faults.append(Fault(429, headers={"Retry-After": "11"}))

    await registry.manifest(REF)

    assert clock.slept == [11.0]


async def test_retry_after_beyond_the_deadline_ends_it_at_once(
    registry: Registry, fake: FakeRegistry, clock: FakeClock
) -> None:
    fake.faults.append(Fault(429, headers={"Retry-After": "3600"}))

    with pytest.raises(RegistryError, match="429 Too Many Requests"):
        await registry.manifest(REF)

    assert clock.slept == []


async def test_what_was_just_pushed_may_take_a_moment_to_be_seen(
    registry: Registry, fake: FakeRegistry, made: Made
) -> None:
    fake.faults.append(Fault(404, times=3))

    assert (await registry.manifest(REF, fresh=True)).digest == made.digest


async def test_what_was_just_pushed_is_not_awaited_for_ever(registry: Registry, clock: FakeClock) -> None:
    with pytest.raises(NotFoundError):
        await registry.manifest(REF, fresh=True)

    assert 2 < clock.now <= 5


async def test_ping_gives_up_within_seconds(registry: Registry, fake: FakeRegistry, clock: FakeClock) -> None:
    fake.faults.append(Fault(reset=True, times=99))

    with pytest.raises(RegistryError, match=r"GET https://registry\.test/v2/: no connection"):
        await registry.ping("registry.test")

    assert clock.now <= 3


@pytest.mark.parametrize(("seconds", "answers"), [(9.0, True), (11.0, False)])
def test_a_registry_that_thinks_for_some_seconds_is_one_all_the_same(seconds: float, *, answers: bool) -> None:
    class Slow(FakeRegistry):
        async def send(self, request: Request) -> InMemoryResponse:
            await asyncio.sleep(seconds)
            return await super().send(request)

    registry = Registry(Slow())
    with nullcontext() if answers else pytest.raises(LimitError, match="no complete answer within 10 s"):
        virtual_time.run(registry.ping("registry.test"))


async def test_ping_finds_a_registry_that_wants_credentials(registry: Registry, fake: FakeRegistry) -> None:
    fake.faults.append(Fault(401, headers={"WWW-Authenticate": 'Bearer realm="https://registry.test/token"'}))

    await registry.ping("registry.test")

    assert [str(request) for request in fake.requests] == ["GET /v2/"]


async def test_ping_of_a_host_that_wants_what_no_registry_does_is_no_access(
    registry: Registry, fake: FakeRegistry
) -> None:
    fake.faults.append(Fault(401, headers={"WWW-Authenticate": "Negotiate"}))

    with pytest.raises(AccessError, match="401 Unauthorized"):
        await registry.ping("registry.test")


async def test_ping_of_a_host_that_is_no_registry_fails(registry: Registry, fake: FakeRegistry) -> None:
    fake.faults.append(Fault(404, body=b"no such page"))

    with pytest.raises(RegistryError, match="404"):
        await registry.ping("registry.test")


async def test_wrong_bytes_for_a_digest_are_refused(registry: Registry, fake: FakeRegistry, made: Made) -> None:
    fake.corrupt("acme/web", made.digest, made.content + b" ")

    with pytest.raises(WrongContentError, match="wrong bytes"):
        await registry.manifest(REF.at(made.digest))


async def test_wrong_bytes_for_the_digest_that_came_with_a_tag_are_refused(
    registry: Registry, fake: FakeRegistry, made: Made
) -> None:
    fake.corrupt("acme/web", made.digest, made.content + b" ")

    with pytest.raises(WrongContentError, match=f"in place of {made.digest}"):
        await registry.manifest(REF)


async def test_wrong_bytes_of_a_blob_are_refused(registry: Registry, fake: FakeRegistry, made: Made) -> None:
    digest = Digest.of(made.children[0].blobs[0])
    fake.corrupt("acme/web", digest, b"other")

    with pytest.raises(WrongContentError, match="wrong bytes"):
        await registry.blob(REF, digest, limit=100)


async def test_a_digest_goes_before_a_tag(registry: Registry, fake: FakeRegistry, made: Made) -> None:
    fake.push_image("acme/web", "1.0", ("linux/amd64",))

    both = Reference.parse(f"{REF}@{made.digest}")

    assert (await registry.manifest(both)).digest == made.digest


async def test_a_sha512_digest_is_checked_by_its_own_algorithm(registry: Registry, fake: FakeRegistry) -> None:
    digest = Digest.of(b"{}", "sha512")
    fake.repositories["acme/web"].manifests[str(digest)] = ("application/x", b"{}")
    fake.faults.append(Fault(200, headers={"Content-Type": "text/plain; charset=utf-8"}, body=b"{}"))

    assert await registry.manifest(REF.at(digest)) == RawManifest("text/plain", digest, b"{}")


async def test_latest_is_never_assumed(registry: Registry) -> None:
    with pytest.raises(UsageError, match="neither a tag nor a digest"):
        await registry.manifest(Reference.parse("registry.test/acme/web"))


@pytest.mark.parametrize("over", [0, 1])
async def test_a_manifest_may_be_as_large_as_distribution_takes_and_no_larger(
    registry: Registry, fake: FakeRegistry, over: int
) -> None:
    fake.faults.append(Fault(200, body=b" " * (LARGEST_MANIFEST + over)))

    if over:
        with pytest.raises(LimitError, match="more than the 4194304 bytes"):
            await registry.manifest(REF)
    else:
        assert len((await registry.manifest(REF)).content) == LARGEST_MANIFEST


async def test_a_blob_without_a_stated_size_has_none(registry: Registry, fake: FakeRegistry) -> None:
    fake.faults.append(Fault(200, headers={"Content-Length": "many"}))

    assert await registry.blob_size(REF, Digest.of(b"")) is None


async def test_a_tag_is_read_back_when_the_registry_names_no_digest(
    registry: Registry, fake: FakeRegistry, made: Made
) -> None:
    fake.faults.append(Fault(201, method="PUT", body=b""))

    await registry.put_manifest(REF, RawManifest(made.media_type, made.digest, made.content))

    assert [request.method for request in fake.requests] == ["PUT", "GET"]


async def test_a_tag_that_took_other_bytes_is_an_error(registry: Registry, fake: FakeRegistry, made: Made) -> None:
    other = Digest.of(b"other")
    fake.faults.append(Fault(201, headers={"Docker-Content-Digest": str(other)}))

    with pytest.raises(WrongContentError, match=f"{other} in place of {made.digest}"):
        await registry.put_manifest(REF, RawManifest(made.media_type, made.digest, made.content))


async def test_a_tag_that_holds_other_bytes_afterwards_is_an_error(
    registry: Registry, fake: FakeRegistry, made: Made
) -> None:
    fake.push_image("acme/web", "1.0", ("linux/amd64",))
    fake.faults.append(Fault(201, method="PUT", body=b""))

    with pytest.raises(WrongContentError, match=f"in place of {made.digest}"):
        await registry.put_manifest(REF, RawManifest(made.media_type, made.digest, made.content))


async def test_a_put_that_was_cut_is_written_again(registry: Registry, fake: FakeRegistry, made: Made) -> None:
    fake.faults.append(Fault(method="PUT", reset=True))

    await registry.put_manifest(REF.tagged("next"), RawManifest(made.media_type, made.digest, made.content))

    assert fake.tag("acme/web", "next") == str(made.digest)


async def test_a_put_under_no_name_is_refused(registry: Registry, made: Made) -> None:
    with pytest.raises(UsageError, match="names no tag"):
        await registry.put_manifest(replace(REF, tag=""), RawManifest(made.media_type, made.digest, made.content))


async def test_an_endless_manifest_is_not_read_to_its_end(registry: Registry, fake: FakeRegistry) -> None:
    fake.faults.append(Fault(200, body=b" " * 1_000_000, endless=True))

    with pytest.raises(LimitError, match="more than the 4194304 bytes"):
        await registry.manifest(REF)


async def test_a_manifest_that_came_packed_is_refused_and_not_unpacked(registry: Registry, fake: FakeRegistry) -> None:
    fake.faults.append(Fault(200, headers={"Content-Encoding": "gzip"}, body=gzip.compress(b" " * 1_000_000)))

    with pytest.raises(RegistryError, match=r"the answer is compressed \(gzip\)"):
        await registry.manifest(REF)


async def test_a_blob_that_only_claims_to_be_packed_is_taken_for_what_its_digest_says(
    registry: Registry, fake: FakeRegistry
) -> None:
    fake.faults.append(Fault(200, headers={"Content-Encoding": "gzip"}, body=b"layer"))

    assert await registry.blob(REF, Digest.of(b"layer"), limit=5) == b"layer"


@pytest.mark.parametrize("omitted", ["docker-content-digest", "content-length", "content-type"])
async def test_a_registry_may_omit_headers(registry: Registry, fake: FakeRegistry, made: Made, omitted: str) -> None:
    fake.omits = frozenset({omitted})

    raw = await registry.manifest(REF)
    await registry.put_manifest(REF.tagged("next"), RawManifest(made.media_type, made.digest, made.content))

    assert raw.digest == made.digest
    assert raw.media_type == ("" if omitted == "content-type" else made.media_type)
    size = await registry.blob_size(REF, Digest.of(made.children[0].blobs[0]))
    assert size == (None if omitted == "content-length" else len(made.children[0].blobs[0]))


async def test_no_more_requests_are_under_way_than_allowed(fake: FakeRegistry) -> None:
    now, most = 0, 0

    class Slow:
        async def send(self, request: Request) -> Response:
            nonlocal now, most
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            now -= 1
            return await fake.send(request)

    registry = Registry(Slow(), concurrency=3)
    await asyncio.gather(*(registry.ping("registry.test") for _ in range(20)))

    assert most == 3


@pytest.mark.parametrize(
    "verb",
    [
        lambda registry: registry.ping("registry.test"),
        lambda registry: registry.manifest(REF),
        lambda registry: registry.blob(REF, Digest.of(b""), limit=1),
        lambda registry: registry.blob_size(REF, Digest.of(b"")),
        lambda registry: registry.referrers(REF, Digest.of(b"")),
        lambda registry: registry.put_manifest(REF, RawManifest("x", Digest.of(b""), b"")),
    ],
    ids=["ping", "manifest", "blob", "blob_size", "referrers", "put_manifest"],
)
async def test_every_verb_explains_a_refusal(
    registry: Registry, fake: FakeRegistry, verb: Callable[[Registry], Awaitable[object]]
) -> None:
    fake.faults.append(Fault(403))

    with pytest.raises(AccessError, match=r"https://registry\.test/v2/.*: 403 Forbidden"):
        await verb(registry)
