"""The contract of tests/unit/registry/contract.py, asked of real registries with passwords, tokens and mutual TLS."""

import json
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from pytest_docker.plugin import Services, get_cleanup_command, get_docker_services, get_setup_command

from bake_compiler.errors import AccessError
from bake_compiler.oci.reference import Reference
from bake_compiler.registry import Registry, connect
from tests.fakes.certificates import Pair, make_authority, sign
from tests.fakes.clock import FakeClock
from tests.fakes.issuer import Issuer
from tests.fakes.places import Known, Place, Tokened, network, tls
from tests.fakes.wire import serve
from tests.unit.registry.contract import *  # noqa: F403 - every test of it, with the `place` below
from tests.unit.registry.contract import NOWHERE

pytestmark = [pytest.mark.anyio, pytest.mark.docker]

USERS = {"me": "secret"}
HTPASSWD = "me:$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n"  # bcrypt of `secret`
READY_SECONDS = 30


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All files that the registries and their clients need."""
    if not shutil.which("openssl"):
        pytest.skip("openssl makes the certificates")
    directory = tmp_path_factory.mktemp("secrets")
    authority = make_authority(directory)
    sign(authority, directory, "server", "127.0.0.1")
    sign(authority, directory, "client")
    make_authority(directory, "issuer", rsa=True)
    (directory / "htpasswd").write_text(HTPASSWD)
    return directory


@pytest.fixture(scope="module")
def issuer(secrets: Path) -> Issuer:
    return Issuer(Pair(secrets / "issuer.crt", secrets / "issuer.key"), USERS)


@pytest.fixture(scope="module")
def registries(secrets: Path, issuer: Issuer, docker_compose_command: str) -> Iterator[Services]:
    """All of them, run by compose."""
    with ExitStack() as stack:
        environment = stack.enter_context(pytest.MonkeyPatch.context())
        environment.setenv("BAKEC_TESTS_SECRETS", str(secrets))
        environment.setenv("BAKEC_TESTS_REALM", f"http://{stack.enter_context(serve(issuer.respond))}/token")
        compose = str(Path(__file__).parent / "registries.yml")
        project = f"bakec-registries-{os.getpid()}"
        yield stack.enter_context(
            get_docker_services(docker_compose_command, compose, project, get_setup_command(), get_cleanup_command())
        )


def host_of(registries: Services, docker_ip: str, service: str) -> str:
    """HOST:PORT of a registry that listens."""
    port = registries.port_for(service, 5000)

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((docker_ip, port)) == 0

    registries.wait_until_responsive(timeout=READY_SECONDS, pause=0.1, check=listens)
    return f"{docker_ip}:{port}"


@pytest.fixture
def password(registries: Services, docker_ip: str) -> Place:
    host = host_of(registries, docker_ip, "password")
    auth = httpx.BasicAuth("me", "secret")
    return Place(host, f"http://{host}", network(), httpx.AsyncHTTPTransport(), auth)


@pytest.fixture
def tokens(registries: Services, docker_ip: str) -> Place:
    host = host_of(registries, docker_ip, "tokens")
    return Place(host, f"http://{host}", network(), httpx.AsyncHTTPTransport(), Tokened("me", "secret"))


@pytest.fixture
def mutual_tls(registries: Services, docker_ip: str, secrets: Path, tmp_path: Path) -> Place:
    host = host_of(registries, docker_ip, "tls")
    folder = tmp_path / host
    folder.mkdir()
    for name, to in (("authority.crt", "ca.crt"), ("client.cert", "client.cert"), ("client.key", "client.key")):
        shutil.copy(secrets / name, folder / to)
    context = tls(secrets / "authority.crt", secrets / "client.cert", secrets / "client.key")
    return Place(host, f"https://{host}", network(tmp_path), httpx.AsyncHTTPTransport(verify=context))


@pytest.fixture(params=["password", "tokens", "mutual_tls"])
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize("place", ["password", "tokens"], indirect=True)
@pytest.mark.usefixtures("client")  # which closes the network
async def test_nobody_and_who_has_a_wrong_password_has_no_access(place: Place, ref: Reference) -> None:
    for credentials in (None, Known("me", "wrong")):
        registry = Registry(place.transport, credentials=credentials, retry=FakeClock().retry())
        with pytest.raises(AccessError, match="401 Unauthorized"):
            await registry.manifest(ref)


async def test_docker_login_is_all_that_is_needed(tokens: Place, tmp_path: Path, issuer: Issuer) -> None:
    login = {"username": "me", "password": "secret"}
    (tmp_path / "config.json").write_text(json.dumps({"auths": {tokens.host: login}}))
    issuer.given.clear()

    async with connect({"DOCKER_CONFIG": str(tmp_path)}) as registry:
        assert await registry.referrers(Reference.parse(f"{tokens.host}/acme/web:1.0"), NOWHERE) == ()

    assert issuer.given == ["repository:acme/web:pull"]


@pytest.mark.parametrize("lacking", ["ca.crt", "client.cert"])
async def test_without_the_authority_or_a_certificate_tls_is_no_access(
    mutual_tls: Place, tmp_path: Path, lacking: str
) -> None:
    (tmp_path / mutual_tls.host / lacking).unlink()
    lame = network(tmp_path)

    try:
        with pytest.raises(AccessError, match="no trusted TLS connection"):
            await Registry(lame, secure={mutual_tls.host}, retry=FakeClock().retry()).ping(mutual_tls.host)
    finally:
        await lame.close()
