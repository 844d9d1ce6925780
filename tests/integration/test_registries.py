"""The contract in tests/unit/registry, asked of real registries: open, and with passwords, tokens or mutual TLS."""

import json
import shutil
from pathlib import Path

import httpx
import pytest
from pytest_docker.plugin import Services

from bake_compiler.errors import AccessError
from bake_compiler.oci.reference import Reference
from bake_compiler.registry import Registry, connect
from tests.fakes.clock import FakeClock
from tests.fakes.issuer import Issuer
from tests.fakes.places import Known, Place, Tokened, network, tls
from tests.integration.conftest import host_of
from tests.unit.registry.contract import *  # noqa: F403 - every test of it, with the `place` below
from tests.unit.registry.contract import NOWHERE

pytestmark = [pytest.mark.anyio, pytest.mark.docker]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def anonymous(registry: str) -> Place:
    return Place(registry, f"http://{registry}", network(), httpx.AsyncHTTPTransport())


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


@pytest.fixture(params=["anonymous", "password", "tokens", "mutual_tls"])
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
