import pytest

from bake_compiler.errors import RegistryError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import RawManifest
from bake_compiler.registry import Registry
from bake_compiler.registry.credentials import Credential
from tests.fakes.clock import FakeClock
from tests.fakes.guards import Basic
from tests.fakes.registry import FakeRegistry, Fault, Hosts

pytestmark = pytest.mark.anyio

REF = Reference.parse("registry.test/acme/web:1.0")
BLOB = Digest.of(b"layer")
STORE = "https://store.test/layer?signature=secret"


class Me:
    """Credentials for every registry."""

    async def find(self, _: str) -> Credential:
        return Credential("me", "secret")


@pytest.fixture
def fake() -> FakeRegistry:
    """It knows the layer, and wants a password."""
    fake = FakeRegistry()
    fake.repositories["acme/web"].blobs[str(BLOB)] = b"layer"
    fake.guard = Basic({"me": "secret"})
    return fake


@pytest.fixture
def store() -> FakeRegistry:
    """It has the layer, and lets anybody in."""
    store = FakeRegistry()
    store.repositories["acme/web"].blobs[str(BLOB)] = b"layer"
    return store


@pytest.fixture
def hosts(fake: FakeRegistry, store: FakeRegistry) -> Hosts:
    return Hosts(registry=fake, store=store)


@pytest.fixture
def registry(hosts: Hosts) -> Registry:
    return Registry(hosts, credentials=Me(), retry=FakeClock().retry())


def redirect(fake: FakeRegistry, location: str, times: int = 1) -> None:
    fake.guard = None
    fake.faults.append(Fault(307, headers={"Location": location}, times=times))


async def test_a_blob_is_fetched_from_where_the_registry_points(registry: Registry, fake: FakeRegistry) -> None:
    fake.blobs_at = "https://store.test"

    assert await registry.blob(REF, BLOB, limit=10) == b"layer"
    assert await registry.blob_size(REF, BLOB) == 5


async def test_credentials_stay_with_the_registry(registry: Registry, fake: FakeRegistry, store: FakeRegistry) -> None:
    fake.blobs_at = "https://store.test"

    await registry.blob(REF, BLOB, limit=10)

    assert "authorization" in fake.requests[-1].headers
    assert [sorted(request.headers) for request in store.requests] == [["accept-encoding"]]


async def test_the_network_is_told_that_a_registry_sent_us(
    registry: Registry, fake: FakeRegistry, hosts: Hosts
) -> None:
    fake.blobs_at = "https://store.test"

    await registry.blob(REF, BLOB, limit=10)

    assert [request.onward for request in hosts.requests] == [False, False, True]
    assert {request.registry for request in hosts.requests} == {"registry.test"}


async def test_credentials_follow_within_the_registry(registry: Registry, fake: FakeRegistry) -> None:
    await registry.blob_size(REF, BLOB)
    fake.faults.append(Fault(307, headers={"Location": f"/v2/acme/web/blobs/{BLOB}?moved=yes"}))

    await registry.blob(REF, BLOB, limit=10)

    assert fake.requests[-1].query == {"moved": "yes"}
    assert "authorization" in fake.requests[-1].headers


@pytest.mark.parametrize(
    "location",
    [
        "http://store.test/layer",
        "http://127.0.0.1:1/layer",
        "https://localhost/layer",
        "https://169.254.169.254/latest/meta-data",
        "https://[fd00:ec2::254]/latest/meta-data",
        "https://me:secret@store.test/layer",
        "ftp://store.test/layer",
    ],
)
async def test_a_blob_is_not_fetched_from_an_unsafe_place(
    registry: Registry, fake: FakeRegistry, hosts: Hosts, location: str
) -> None:
    redirect(fake, location)

    with pytest.raises(RegistryError, match="redirected to") as caught:
        await registry.blob(REF, BLOB, limit=10)

    assert len(hosts.requests) == 1
    assert "secret" not in caught.value.message


@pytest.mark.parametrize("location", ["https://[::::]:x/", "https://[zz]/"])
async def test_a_location_that_is_no_url_is_a_registry_error(
    registry: Registry, fake: FakeRegistry, location: str
) -> None:
    redirect(fake, location)

    with pytest.raises(RegistryError, match=r"no sound HTTP answer \(a redirect to what is no URL\)"):
        await registry.blob(REF, BLOB, limit=10)


async def test_a_circle_of_redirects_ends(registry: Registry, fake: FakeRegistry, hosts: Hosts) -> None:
    redirect(fake, f"/v2/acme/web/blobs/{BLOB}?signature=secret", times=99)

    with pytest.raises(RegistryError, match="redirected to") as caught:
        await registry.blob(REF, BLOB, limit=10)

    assert len(hosts.requests) == 4
    assert "secret" not in caught.value.message


async def test_a_manifest_is_never_fetched_from_elsewhere(registry: Registry, fake: FakeRegistry, hosts: Hosts) -> None:
    redirect(fake, STORE)

    with pytest.raises(RegistryError, match=r"redirected to https://store\.test/layer$"):
        await registry.manifest(REF)

    assert len(hosts.requests) == 1


async def test_a_manifest_is_never_written_elsewhere(registry: Registry, fake: FakeRegistry, hosts: Hosts) -> None:
    redirect(fake, STORE)

    with pytest.raises(RegistryError, match="redirected to"):
        await registry.put_manifest(REF, RawManifest("x", BLOB, b"layer"))

    assert len(hosts.requests) == 1


async def test_a_redirect_to_nowhere_is_a_refusal(registry: Registry, fake: FakeRegistry) -> None:
    redirect(fake, "")

    with pytest.raises(RegistryError, match="307 Temporary Redirect"):
        await registry.blob(REF, BLOB, limit=10)
