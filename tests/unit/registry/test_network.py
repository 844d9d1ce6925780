import errno
import socket
import ssl
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey, RequestInfo
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from bake_compiler.errors import AccessError, RegistryError
from bake_compiler.oci.reference import Reference
from bake_compiler.registry import Registry
from bake_compiler.registry.certificates import Certificates
from bake_compiler.registry.network import Network, explain
from bake_compiler.registry.proxies import Proxies
from bake_compiler.registry.retry import Retry
from bake_compiler.registry.transport import NoAnswerError, Reason, Request
from tests.fakes.clock import FakeClock
from tests.fakes.hostile import hostile
from tests.fakes.registry import FakeRegistry, Fault

pytestmark = pytest.mark.anyio

SECRET = URL("https://store.test/layer?signature=secret")
KEY = ConnectionKey("store.test", 443, True, True, None, None, None)
INFO = RequestInfo(SECRET, "GET", CIMultiDictProxy(CIMultiDict()), SECRET)
REFUSED = OSError(errno.ECONNREFUSED, "Connect call failed")


def certificate_error() -> Exception:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "self-signed certificate"
    return caused(aiohttp.ClientConnectorCertificateError(KEY, error), error)


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def no_such_host(code: int) -> Exception:
    cause = socket.gaierror(code, "Name or service not known")
    return caused(aiohttp.ClientConnectorDNSError(KEY, cause), cause)


CASES: list[tuple[Exception, Reason, str, bool]] = [
    (aiohttp.ClientConnectorError(KEY, REFUSED), Reason.CONNECTION, "Connection refused", True),
    (aiohttp.ClientOSError(errno.ECONNRESET, "x"), Reason.CONNECTION, "Connection reset by peer", True),
    (aiohttp.ServerDisconnectedError(), Reason.CONNECTION, "closed without an answer", True),
    (aiohttp.ClientPayloadError("Response payload is not completed"), Reason.CONNECTION, "cut before its end", True),
    (aiohttp.ClientConnectionError(), Reason.CONNECTION, "", True),
    (ConnectionResetError("x"), Reason.CONNECTION, "", True),
    (aiohttp.SocketTimeoutError(), Reason.TIMEOUT, "", True),
    (aiohttp.ConnectionTimeoutError(), Reason.TIMEOUT, "", True),
    (no_such_host(socket.EAI_NONAME), Reason.NAME, "Name or service not known", False),
    (no_such_host(socket.EAI_AGAIN), Reason.NAME, "Name or service not known", True),
    (certificate_error(), Reason.TLS, "self-signed certificate", False),
    (caused(aiohttp.ClientOSError(), ssl.SSLEOFError(8, "EOF")), Reason.CONNECTION, "cut within TLS", True),
    (caused(aiohttp.ClientOSError(), ssl.SSLZeroReturnError()), Reason.CONNECTION, "cut within TLS", True),
    (aiohttp.ClientProxyConnectionError(KEY, REFUSED), Reason.PROXY, "no connection to it: Connection refused", True),
    (aiohttp.ClientHttpProxyError(INFO, (), status=407), Reason.PROXY, "it answers 407", False),
    (aiohttp.ClientResponseError(INFO, (), message="Got more than 8190 bytes"), Reason.TOO_MUCH, "", False),
    (aiohttp.ClientResponseError(INFO, (), message="Too many headers received"), Reason.TOO_MUCH, "", False),
    (aiohttp.ClientResponseError(INFO, (), message="Bad status line"), Reason.PROTOCOL, "", False),
    (aiohttp.InvalidURL(SECRET), Reason.PROTOCOL, "", False),
    (aiohttp.NonHttpUrlClientError("ftp://x?secret"), Reason.PROTOCOL, "", False),
    (ValueError("label too long: secret"), Reason.PROTOCOL, "", False),
]


@pytest.mark.parametrize(("error", "reason", "detail", "passing"), CASES)
def test_what_aiohttp_raises_is_explained_without_urls(
    error: Exception, reason: Reason, detail: str, passing: bool
) -> None:
    explained = explain(error)

    assert (explained.reason, str(explained), explained.passing) == (reason, detail, passing)


@pytest.fixture
async def network() -> AsyncIterator[Network]:
    network = Network(Certificates(()), Proxies({}))
    yield network
    await network.close()


async def test_connections_are_used_again(network: Network) -> None:
    with FakeRegistry().serve() as host:
        for _ in range(3):
            response = await network.send(Request("GET", f"http://{host}/v2/"))
            while await response.read():
                pass
            await response.close()
        (session,) = network._sessions.values()
        assert session.connector is not None
        assert sum(map(len, session.connector._conns.values())) == 1


async def test_a_port_where_nobody_listens_is_no_connection(network: Network) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(RegistryError, match=r"no connection \(Connection refused\)"):
            await Registry(network, retry=FakeClock().retry()).ping(host)


async def test_tls_to_a_port_that_speaks_plain_http_is_no_access(network: Network) -> None:
    with FakeRegistry().serve() as host, pytest.raises(AccessError, match="no trusted TLS connection"):
        await Registry(network, secure={host}).ping(host)


async def test_a_registry_that_is_no_url_is_no_sound_answer(network: Network) -> None:
    with pytest.raises(RegistryError, match="no sound HTTP answer"):
        await Registry(network).ping("[::::]")


async def test_a_port_that_is_none_is_no_sound_answer(network: Network) -> None:
    with pytest.raises(NoAnswerError) as caught:
        await network.send(Request("GET", "https://registry.test:99999999/v2/"))

    assert caught.value.reason is Reason.PROTOCOL


async def test_challenges_of_several_headers_are_one(network: Network) -> None:
    async def refuse() -> AsyncIterator[bytes]:
        yield (
            b'HTTP/1.1 401 x\r\nWWW-Authenticate: Basic realm="a"\r\nWWW-Authenticate: Negotiate\r\n'
            b"Content-Length: 0\r\n\r\n"
        )

    async with hostile(refuse) as host:
        response = await network.send(Request("GET", f"http://{host}/v2/"))
        await response.close()

    assert response.headers["www-authenticate"] == 'Basic realm="a", Negotiate'


async def test_plain_http_goes_through_the_proxy_and_loopback_does_not() -> None:
    proxy, direct = FakeRegistry(), FakeRegistry()
    with proxy.serve() as through, direct.serve() as host:
        network = Network(Certificates(()), Proxies({"http_proxy": f"http://me:secret@{through}"}))
        await Registry(network).ping(host)
        registry = Registry(network, insecure={"registry.test"}, retry=Retry(deadline=0.0))
        proxy.faults.append(Fault(407))
        with pytest.raises(AccessError, match="407 Proxy Authentication Required"):
            await registry.manifest(Reference.parse("registry.test/acme/web:1.0"))
        await network.close()

    assert [request.path for request in direct.requests] == ["/v2/"]
    assert [request.headers["host"] for request in proxy.requests] == ["registry.test"]
    assert proxy.requests[0].headers["proxy-authorization"].startswith("Basic ")


async def test_a_proxy_that_does_not_pass_tls_on_is_told() -> None:
    proxy = FakeRegistry()
    with proxy.serve() as through:
        network = Network(Certificates(()), Proxies({"https_proxy": f"http://me:secret@{through}"}))
        with pytest.raises(AccessError, match=r"the proxy does not pass it on \(it answers 501\)") as caught:
            await Registry(network, retry=Retry(deadline=0.0)).ping("registry.test")
        await network.close()

    assert "secret" not in caught.value.message
    assert "NO_PROXY" in caught.value.hint
