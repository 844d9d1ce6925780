"""A hostile registry harms nothing: each thing that it may do ends in an error, within limits."""

import asyncio
import gzip
import socket
import tracemalloc
from collections.abc import AsyncIterator

import pytest

from bake_compiler.errors import RegistryError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.reference import Reference
from bake_compiler.registry import LimitError, Registry
from bake_compiler.registry import network as network_module
from bake_compiler.registry.ask import RegistryLimits
from bake_compiler.registry.certificates import Certificates
from bake_compiler.registry.network import Network
from bake_compiler.registry.proxies import Proxies
from bake_compiler.registry.retry import Retry
from bake_compiler.registry.transport import NoAnswerError, Reason, Request
from tests.fakes.clock import FakeClock
from tests.fakes.hostile import Script, hostile
from tests.fakes.registry import FakeRegistry, Fault

pytestmark = pytest.mark.anyio

BLOB = Digest.of(b"layer")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.oci.image.index.v1+json\r\n"
FOREVER = 10**9


@pytest.fixture
async def network() -> AsyncIterator[Network]:
    network = Network(Certificates(()), Proxies({}), silence=0.3)
    yield network
    await network.close()


def client(network: Network, *, seconds: float = 60.0, clock: FakeClock | None = None) -> Registry:
    retry = clock.retry() if clock else Retry(deadline=0.0)
    return Registry(network, retry=retry, limits=RegistryLimits(seconds=seconds, grace=0.2))


def ref(host: str) -> Reference:
    return Reference.parse(f"{host}/acme/web:1.0")


def sent(*pieces: bytes, again: bytes = b"", pause: float = 0.0) -> Script:
    async def script() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece
        for _ in range(FOREVER if again else 0):
            yield again
            await asyncio.sleep(pause)

    return script


async def read(registry: Registry, host: str, size: int) -> None:
    async with registry.stream(ref(host), BLOB, size=size) as chunks:
        async for _ in chunks:
            pass


async def silent() -> AsyncIterator[bytes]:
    await asyncio.sleep(3600)
    yield b""


NO_SOUND_ANSWER = {
    "garbage": b"SSH-2.0-OpenSSH_9.2\r\n",
    "binary": bytes(range(256)),
    "no status": b"HTTP/1.1 \r\n\r\n",
    "a header that breaks the line": HEAD + b"X: a\x00b\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a length that is none": HEAD + b"Content-Length: many\r\n\r\nab",
    "a negative length": HEAD + b"Content-Length: -1\r\n\r\nab",
}


@pytest.mark.parametrize("answer", NO_SOUND_ANSWER.values(), ids=NO_SOUND_ANSWER)
async def test_what_is_no_http_is_no_sound_answer(network: Network, answer: bytes) -> None:
    async with hostile(sent(answer)) as host:
        with pytest.raises(RegistryError, match="no sound HTTP answer"):
            await client(network).manifest(ref(host))


CUT = {
    "no answer": b"",
    "half a header": HEAD,
    "less than its length": HEAD + b"Content-Length: 100\r\n\r\nless",
    "chunks without an end": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "a chunk that is none": HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n",
}


@pytest.mark.parametrize("answer", CUT.values(), ids=CUT)
async def test_what_is_cut_is_no_answer(network: Network, answer: bytes) -> None:
    async with hostile(sent(answer)) as host:
        with pytest.raises(RegistryError, match=r"no connection|no sound HTTP answer"):
            await client(network).manifest(ref(host))


TOO_MUCH = {
    "headers without end": sent(HEAD, again=b"X-More: " + b"x" * 1000 + b"\r\n"),
    "a header without end": sent(HEAD, b"X-More: ", again=b"x" * 10_000),
    "a status without end": sent(b"HTTP/1.1 200 ", again=b"x" * 10_000),
}


@pytest.mark.parametrize("script", TOO_MUCH.values(), ids=TOO_MUCH)
async def test_headers_without_end_are_not_read(network: Network, script: Script) -> None:
    async with hostile(script) as host:
        with pytest.raises(LimitError, match="more headers than bakec reads"):
            await client(network).manifest(ref(host))


ENDLESS = {
    "to the end of the connection": sent(HEAD + b"\r\n", again=b" " * 100_000),
    "in chunks": sent(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", again=b"10000\r\n" + b" " * 65_536 + b"\r\n"),
    "with a length": sent(HEAD + b"Content-Length: 99999999999999\r\n\r\n", again=b" " * 100_000),
}


@pytest.mark.parametrize("script", ENDLESS.values(), ids=ENDLESS)
async def test_a_body_without_end_is_not_read_and_not_kept(network: Network, script: Script) -> None:
    async with hostile(script) as host:
        with pytest.raises(LimitError, match="more than the 4194304 bytes"):
            await client(network).manifest(ref(host))
        with pytest.raises(LimitError, match="more than the 10 bytes"):
            await client(network).blob(ref(host), BLOB, limit=10)
        with pytest.raises(LimitError, match="more than its 1000000 bytes"):
            await read(client(network), host, 1_000_000)


TRICKLES = {
    "headers": sent(HEAD, again=b"X: y\r\n", pause=0.05),
    "a body": sent(HEAD + b"\r\n", again=b" ", pause=0.05),
    "other answers first": sent(again=b"HTTP/1.1 103 Early Hints\r\n\r\n", pause=0.05),
}


@pytest.mark.parametrize("script", TRICKLES.values(), ids=TRICKLES)
async def test_a_trickle_ends_in_time(network: Network, script: Script) -> None:
    async with hostile(script) as host:
        with pytest.raises(LimitError, match=r"no complete answer within 0\.5 s"):
            await client(network, seconds=0.5).manifest(ref(host))


async def test_a_trickle_of_a_blob_is_too_slow(network: Network) -> None:
    async with hostile(sent(HEAD + b"\r\n", again=b" ", pause=0.05)) as host:
        with pytest.raises(LimitError, match="slower than 16384 bytes a second"):
            await read(client(network), host, 1_000_000)


async def test_silence_is_no_answer_in_time(network: Network) -> None:
    async with hostile(silent) as host:
        with pytest.raises(RegistryError, match="no answer in time"):
            await client(network).manifest(ref(host))


async def test_silence_in_a_blob_is_no_answer_in_time(network: Network) -> None:
    async def script() -> AsyncIterator[bytes]:
        yield HEAD + b"Content-Length: 1000\r\n\r\nsome"
        await asyncio.sleep(3600)

    async with hostile(script) as host:
        with pytest.raises(RegistryError, match="no answer in time"):
            await read(client(network), host, 1000)


async def test_a_bomb_is_not_unpacked(network: Network) -> None:
    bomb = gzip.compress(bytes(64 * 1024 * 1024))
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    tracemalloc.start()
    async with hostile(sent(head, bomb)) as host:
        with pytest.raises(RegistryError, match=r"the answer is compressed \(gzip\)"):
            await client(network).manifest(ref(host))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < 16 * 1024 * 1024


async def test_an_answer_hidden_behind_another_answers_no_question(network: Network) -> None:
    hidden = HEAD + b"Content-Length: 5\r\n\r\nlayer" + HEAD + b"Content-Length: 7\r\n\r\n"
    async with hostile(sent(hidden)) as host:
        sizes = [await size_of(client(network), host) for _ in range(2)]

    assert set(sizes) <= {5, None}


async def size_of(registry: Registry, host: str) -> int | None:
    try:
        return await registry.blob_size(ref(host), BLOB)
    except RegistryError:
        return None


async def test_cookies_are_not_kept(network: Network) -> None:
    fake = FakeRegistry()
    fake.faults.append(Fault(200, headers={"Set-Cookie": "a=b"}, times=2))
    with fake.serve() as host:
        await client(network).ping(host)
        await client(network).ping(host)

    assert "cookie" not in fake.requests[1].headers


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "127.0.0.1", "::1", "fd00:ec2::254", "fe80::1%1", "100.100.100.200"]
)
async def test_no_registry_leads_to_an_address_that_is_off_limits_by_a_name(
    network: Network, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    resolve_to(monkeypatch, address)

    with pytest.raises(NoAnswerError, match=f"store.test is {address}") as caught:
        await network.send(Request("GET", "https://store.test/layer", onward=True))

    assert caught.value.reason is Reason.OFF_LIMITS


async def test_the_user_may_name_any_host(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, "127.0.0.1")
    with FakeRegistry().serve() as host:
        response = await network.send(Request("GET", f"http://registry.test:{host.partition(':')[2]}/v2/"))
        await response.close()

    assert response.status == 200


async def test_sound_addresses_of_a_name_are_used_and_the_others_not(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, "169.254.169.254", "10.0.0.1")

    found = await network_module._Guard(frozenset()).resolve("store.test", 443)

    assert [each["host"] for each in found] == ["10.0.0.1"]


async def test_a_proxy_of_the_user_and_localhost_are_not_off_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, "127.0.0.1")
    guard = network_module._Guard(frozenset({"proxy.lan"}))

    for host in ("proxy.lan", "localhost"):
        assert [each["host"] for each in await guard.resolve(host, 3128)] == ["127.0.0.1"]


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let every name stand for these addresses."""

    def getaddrinfo(_host: object, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (each, port, 0, 0))
            if ":" in each
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
            for each in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
