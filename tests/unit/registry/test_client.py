import asyncio
import ssl
from collections.abc import Awaitable, Callable, Generator

import httpx
import pytest

from bake_compiler.errors import AccessError, NotFoundError, RegistryError, UsageError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import RawManifest
from bake_compiler.registry import Registry, WrongContentError
from bake_compiler.registry.client import LARGEST_MANIFEST
from bake_compiler.registry.exchange import Ask, exchange
from bake_compiler.registry.refusal import from_exception
from tests.fakes.clock import FakeClock
from tests.fakes.images import Made
from tests.fakes.registry import FakeRegistry, Fault

pytestmark = pytest.mark.anyio

REF = Reference.parse("registry.test/acme/web:1.0")
URL = "GET https://registry.test/v2/acme/web/manifests/1.0"
PLATFORMS = ("linux/amd64", "linux/arm64")


@pytest.fixture
def made(fake: FakeRegistry) -> Made:
    return fake.push_image("acme/web", "1.0", PLATFORMS)


def failing(error: Exception, clock: FakeClock | None = None) -> Registry:
    """A client whose every connection fails like this."""

    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    http = httpx.AsyncClient(transport=httpx.MockTransport(fail))
    return Registry(http, retry=(clock or FakeClock()).retry())


@pytest.mark.parametrize(
    ("status", "kind", "hint"),
    [
        (401, AccessError, "log in with `docker login registry.test`"),
        (403, AccessError, "these credentials lack the right"),
        (404, NotFoundError, "never pushed"),
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


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (httpx.ConnectError("refused"), "no connection (refused)"),
        (httpx.ConnectTimeout(""), "no answer in time"),
        (httpx.ReadTimeout("slow"), "no answer in time (slow)"),
        (httpx.PoolTimeout(""), "no answer in time"),
        (httpx.ReadError("reset"), "no connection (reset)"),
        (httpx.WriteError("broken pipe"), "no connection (broken pipe)"),
        (httpx.RemoteProtocolError("half"), "no sound HTTP answer (half)"),
        (httpx.LocalProtocolError("bad"), "no sound HTTP answer (bad)"),
        (httpx.UnsupportedProtocol("ftp"), "no sound HTTP answer (ftp)"),
        (httpx.ProxyError("407"), "no sound HTTP answer (407)"),
        (httpx.DecodingError("gzip"), "no sound HTTP answer (gzip)"),
        (httpx.InvalidURL("port"), "no sound HTTP answer (port)"),
        (httpx.StreamClosed(), "no sound HTTP answer"),
        (UnicodeError("label too long"), "no sound HTTP answer (label too long)"),
    ],
)
async def test_no_exception_of_httpx_gets_through(error: Exception, text: str) -> None:
    with pytest.raises(RegistryError) as caught:
        await failing(error).manifest(REF)

    assert caught.value.message.startswith(f"{URL}: {text}")
    assert caught.value.hint
    assert caught.value.__cause__ is error


async def test_a_certificate_that_is_not_trusted_is_no_access_and_not_asked_again() -> None:
    error = httpx.ConnectError("certificate verify failed")
    error.__cause__ = ssl.SSLCertVerificationError("self-signed")
    clock = FakeClock()

    with pytest.raises(AccessError, match="no trusted TLS connection"):
        await failing(error, clock).manifest(REF)

    assert clock.slept == []


async def test_a_connection_cut_within_tls_is_no_refusal() -> None:
    error = httpx.ConnectError("EOF")
    error.__cause__ = ssl.SSLEOFError("EOF occurred in violation of protocol")

    assert from_exception(error, Ask("GET", "https://registry.test/v2/")).transient


async def test_tls_to_a_port_that_speaks_plain_http_is_no_access(fake: FakeRegistry) -> None:
    with fake.serve() as host:
        ask = Ask("GET", f"https://{host}/v2/")
        async with httpx.AsyncClient() as http:
            with pytest.raises(httpx.ConnectError) as caught:
                await exchange(http, ask, None)

    assert isinstance(from_exception(caught.value, ask).error, AccessError)


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
        with pytest.raises(RegistryError, match="more than the 4194304 bytes"):
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


async def test_a_put_without_a_tag_is_refused(registry: Registry, made: Made) -> None:
    with pytest.raises(UsageError, match="names no tag"):
        await registry.put_manifest(REF.at(made.digest), RawManifest(made.media_type, made.digest, made.content))


async def test_no_more_requests_are_under_way_than_allowed() -> None:
    now, most = 0, 0

    async def answer(_: httpx.Request) -> httpx.Response:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.001)
        now -= 1
        return httpx.Response(200)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        registry = Registry(http, concurrency=3)
        await asyncio.gather(*(registry.ping("registry.test") for _ in range(20)))

    assert most == 3


class Token(httpx.Auth):
    """Credentials as a later stage adds them."""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = "Bearer secret"
        yield request


async def test_credentials_go_with_each_request(fake: FakeRegistry, made: Made) -> None:
    async with httpx.AsyncClient(transport=httpx.MockTransport(fake)) as http:
        await Registry(http, auth=Token()).manifest(REF.at(made.digest))

    assert [request.headers["authorization"] for request in fake.requests] == ["Bearer secret"]


@pytest.mark.parametrize(
    "verb",
    [
        lambda registry: registry.ping("registry.test"),
        lambda registry: registry.manifest(REF),
        lambda registry: registry.blob(REF, Digest.of(b""), limit=1),
        lambda registry: registry.blob_size(REF, Digest.of(b"")),
        lambda registry: registry.put_manifest(REF, RawManifest("x", Digest.of(b""), b"")),
    ],
    ids=["ping", "manifest", "blob", "blob_size", "put_manifest"],
)
async def test_every_verb_explains_a_refusal(
    registry: Registry, fake: FakeRegistry, verb: Callable[[Registry], Awaitable[object]]
) -> None:
    fake.faults.append(Fault(403))

    with pytest.raises(AccessError, match=r"https://registry\.test/v2/.*: 403 Forbidden"):
        await verb(registry)
