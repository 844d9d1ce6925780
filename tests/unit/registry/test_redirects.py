from collections.abc import Callable

import httpx
import pytest

from bake_compiler.errors import RegistryError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import RawManifest
from bake_compiler.registry import Registry
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.anyio

REF = Reference.parse("registry.test/acme/web:1.0")
BLOB = Digest.of(b"layer")
STORE = "https://store.test/layer?signature=secret"


class Trail:
    """A registry that redirects by this map from path to location, and serves the layer everywhere else."""

    def __init__(self, locations: Callable[[httpx.URL], str | None]) -> None:
        self.locations = locations
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        location = self.locations(request.url)
        if location is not None:
            return httpx.Response(307, headers={"Location": location})
        return httpx.Response(200, content=b"layer")

    def client(self) -> Registry:
        http = httpx.AsyncClient(
            transport=httpx.MockTransport(self), headers={"Authorization": "Bearer secret", "Cookie": "a=b"}
        )
        return Registry(http, retry=FakeClock().retry())


def at_the_registry(location: str) -> Trail:
    return Trail(lambda url: location if url.host == REF.registry else None)


async def test_a_blob_is_fetched_from_where_the_registry_points() -> None:
    trail = at_the_registry(STORE)

    assert await trail.client().blob(REF, BLOB, limit=10) == b"layer"
    assert await trail.client().blob_size(REF, BLOB) == 5


async def test_credentials_stay_with_the_registry() -> None:
    trail = at_the_registry(STORE)

    await trail.client().blob(REF, BLOB, limit=10)

    first, second = trail.requests
    assert {"authorization", "cookie"} <= set(first.headers)
    assert not {"authorization", "cookie"} & set(second.headers)


async def test_an_auth_of_the_client_stays_with_the_registry_too() -> None:
    trail = at_the_registry(STORE)
    http = httpx.AsyncClient(transport=httpx.MockTransport(trail))

    await Registry(http, auth=httpx.BasicAuth("me", "secret")).blob(REF, BLOB, limit=10)

    assert ["authorization" in request.headers for request in trail.requests] == [True, False]


async def test_credentials_follow_within_the_registry() -> None:
    trail = Trail(lambda url: "/elsewhere" if "/blobs/" in url.path else None)

    await trail.client().blob(REF, BLOB, limit=10)

    assert [str(request.url.path) for request in trail.requests][1] == "/elsewhere"
    assert "authorization" in trail.requests[1].headers


@pytest.mark.parametrize("location", ["http://store.test/layer", "http://127.0.0.1:1/layer", "ftp://store.test/layer"])
async def test_a_blob_is_not_fetched_from_an_unsafe_place(location: str) -> None:
    trail = at_the_registry(location)

    with pytest.raises(RegistryError, match="redirected to"):
        await trail.client().blob(REF, BLOB, limit=10)

    assert len(trail.requests) == 1


async def test_a_location_that_is_no_url_is_a_registry_error() -> None:
    with pytest.raises(RegistryError, match="no sound HTTP answer"):
        await at_the_registry("https://[::::]:x/").client().blob(REF, BLOB, limit=10)


async def test_a_circle_of_redirects_ends() -> None:
    trail = Trail(lambda _: STORE)

    with pytest.raises(RegistryError, match="redirected to") as caught:
        await trail.client().blob(REF, BLOB, limit=10)

    assert len(trail.requests) == 4
    assert "secret" not in caught.value.message


async def test_a_manifest_is_never_fetched_from_elsewhere() -> None:
    trail = at_the_registry(STORE)

    with pytest.raises(RegistryError, match=r"redirected to https://store\.test/layer$"):
        await trail.client().manifest(REF)

    assert len(trail.requests) == 1


async def test_a_manifest_is_never_written_elsewhere() -> None:
    trail = at_the_registry(STORE)

    with pytest.raises(RegistryError, match="redirected to"):
        await trail.client().put_manifest(REF, RawManifest("x", BLOB, b"layer"))

    assert len(trail.requests) == 1
