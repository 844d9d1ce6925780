import shutil
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bake_compiler.errors import AccessError
from bake_compiler.registry import Registry, connect
from bake_compiler.registry.certificates import Certificates
from bake_compiler.registry.network import Network
from bake_compiler.registry.proxies import Proxies
from bake_compiler.registry.retry import Retry
from tests.fakes.certificates import Pair, make_authority, sign
from tests.fakes.registry import FakeRegistry

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificates"),
]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server(authority: Pair, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return sign(authority, tmp_path_factory.mktemp("server"), "server", "127.0.0.1")


@pytest.fixture(scope="module")
def me(authority: Pair, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return sign(authority, tmp_path_factory.mktemp("client"), "client")


@pytest.fixture
def context(server: Pair) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(server.certificate, server.key)
    return context


@pytest.fixture
def host(fake: FakeRegistry, context: ssl.SSLContext) -> Iterator[str]:
    """A registry that speaks TLS."""
    with fake.serve(context) as host:
        yield host


@pytest.fixture
def guarded(fake: FakeRegistry, context: ssl.SSLContext, authority: Pair) -> Iterator[str]:
    """A registry that speaks TLS with those who have a certificate of the authority."""
    context.load_verify_locations(authority.certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # says no within the handshake, where no reset overtakes it
    with fake.serve(context) as host:
        yield host


@pytest.fixture
async def registry(tmp_path: Path) -> AsyncIterator[Registry]:
    """A client with `tmp_path` as its certs.d."""
    certificates = Certificates((tmp_path / "nowhere", tmp_path))
    network = Network(certificates, Proxies({}))
    yield Registry(network, secure=certificates, retry=Retry(deadline=0.0))
    await network.close()


def folder(tmp_path: Path, host: str) -> Path:
    folder = tmp_path / host
    folder.mkdir(parents=True)
    return folder


async def test_a_private_authority_is_trusted_at_its_registry(
    registry: Registry, tmp_path: Path, host: str, authority: Pair
) -> None:
    shutil.copy(authority.certificate, folder(tmp_path, host) / "ca.crt")

    await registry.ping(host)


async def test_a_private_authority_is_trusted_nowhere_else(registry: Registry, tmp_path: Path, host: str) -> None:
    folder(tmp_path, host)

    with pytest.raises(AccessError, match=r"no trusted TLS connection \(unable to get local issuer") as caught:
        await registry.ping(host)

    assert f"certs.d/{host}/ca.crt" in caught.value.hint
    assert "SSL_CERT_FILE" in caught.value.hint


async def test_a_client_certificate_is_shown_where_it_is_wanted(
    registry: Registry, tmp_path: Path, guarded: str, authority: Pair, me: Pair
) -> None:
    place = folder(tmp_path, guarded)
    shutil.copy(authority.certificate, place / "ca.crt")
    shutil.copy(me.certificate, place / "client.cert")
    shutil.copy(me.key, place / "client.key")

    await registry.ping(guarded)


async def test_without_a_client_certificate_it_is_no_access(
    registry: Registry, tmp_path: Path, guarded: str, authority: Pair
) -> None:
    shutil.copy(authority.certificate, folder(tmp_path, guarded) / "ca.crt")

    with pytest.raises(AccessError, match="no trusted TLS connection") as caught:
        await registry.ping(guarded)

    assert f"client.cert and client.key in Docker's certs.d/{guarded}" in caught.value.hint


async def test_a_certificate_for_another_name_is_no_access(
    registry: Registry, tmp_path: Path, host: str, authority: Pair
) -> None:
    other = host.replace("127.0.0.1", "localhost")
    shutil.copy(authority.certificate, folder(tmp_path, other) / "ca.crt")

    with pytest.raises(AccessError, match="certificate is not valid for 'localhost'") as caught:
        await registry.ping(other)

    assert "name the registry as its certificate does" in caught.value.hint


async def test_a_certificate_of_yesterday_is_no_access(
    registry: Registry, tmp_path: Path, authority: Pair, fake: FakeRegistry
) -> None:
    server = sign(authority, tmp_path, "old", "127.0.0.1", days=-1)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(server.certificate, server.key)
    with fake.serve(context) as host:
        shutil.copy(authority.certificate, folder(tmp_path, host) / "ca.crt")
        with pytest.raises(AccessError, match="certificate has expired") as caught:
            await registry.ping(host)

    assert "give the registry a new certificate" in caught.value.hint


async def test_plain_http_where_tls_is_wanted_is_no_access(
    registry: Registry, tmp_path: Path, fake: FakeRegistry
) -> None:
    with fake.serve() as host:
        folder(tmp_path, host)
        with pytest.raises(AccessError, match="no trusted TLS connection") as caught:
            await registry.ping(host)

    assert f"`--insecure {host}`" in caught.value.hint


def test_a_client_certificate_is_not_shown_where_a_registry_sends_us(tmp_path: Path, authority: Pair, me: Pair) -> None:
    place = folder(tmp_path, "registry.test")
    shutil.copy(authority.certificate, place / "ca.crt")
    shutil.copy(me.certificate, place / "client.cert")
    certificates = Certificates((tmp_path,))

    onward = certificates.context("registry.test", onward=True)

    assert onward is not None
    assert onward is certificates.context("registry.test", onward=True)
    with pytest.raises(AccessError, match=r"client\.cert: "):  # for its key is not there
        certificates.context("registry.test")


def test_a_registry_without_a_folder_is_trusted_as_the_system_says(tmp_path: Path) -> None:
    certificates = Certificates((tmp_path,))

    assert certificates.context("registry.test") is None
    assert "registry.test" not in certificates


def test_a_damaged_authority_is_no_access(tmp_path: Path) -> None:
    (folder(tmp_path, "registry.test") / "ca.crt").write_text("no certificate")

    with pytest.raises(AccessError, match=r"registry\.test/ca\.crt: ") as caught:
        Certificates((tmp_path,)).context("registry.test")

    assert "PEM" in caught.value.hint


async def test_the_environment_says_where_certs_d_and_config_json_are(
    tmp_path: Path, host: str, authority: Pair
) -> None:
    shutil.copy(authority.certificate, folder(tmp_path / ".docker" / "certs.d", host) / "ca.crt")

    async with connect({"HOME": str(tmp_path)}) as registry:
        await registry.ping(host)
    async with connect({"HOME": "/nowhere", "DOCKER_CONFIG": str(tmp_path / ".docker")}) as registry:
        await registry.ping(host)


async def test_a_client_that_asks_nobody_opens_nothing(tmp_path: Path) -> None:
    async with connect({"HOME": str(tmp_path)}):
        pass
