import json

import pytest

from bake_compiler.errors import AccessError, RegistryError
from bake_compiler.oci.manifest import OCI_INDEX
from bake_compiler.oci.reference import Reference
from bake_compiler.registry import Registry
from tests.fakes.images import Made, artifact_of, image_of, index_of
from tests.fakes.registry import FakeRegistry, Fault

pytestmark = pytest.mark.anyio

REF = Reference.parse("registry.test/acme/web:1.0")
IMAGE = image_of("linux/amd64")
TAG = f"sha256-{IMAGE.digest.encoded}"
PATH = f"/v2/acme/web/referrers/{IMAGE.digest}"


@pytest.fixture
def beside(fake: FakeRegistry) -> Made:
    fake.push("acme/web", "1.0", IMAGE)
    return fake.push("acme/web", "beside", artifact_of(IMAGE))


async def test_what_refers_to_a_manifest_is_listed(registry: Registry, beside: Made) -> None:
    (found,) = await registry.referrers(REF, IMAGE.digest)

    assert (found.digest, found.media_type) == (beside.digest, beside.media_type)
    assert found.artifact_type


@pytest.mark.parametrize("status", [404, 400, 405, 501])
async def test_a_registry_without_the_list_may_have_a_tag_for_it(
    registry: Registry, fake: FakeRegistry, beside: Made, status: int
) -> None:
    fake.lists_referrers = False
    fake.push("acme/web", TAG, index_of(beside))
    fake.faults.append(Fault(status, path="/referrers/"))

    (found,) = await registry.referrers(REF, IMAGE.digest)

    assert found.digest == beside.digest


@pytest.mark.usefixtures("beside")
async def test_a_registry_with_neither_has_nothing(registry: Registry, fake: FakeRegistry) -> None:
    fake.lists_referrers = False

    assert await registry.referrers(REF, IMAGE.digest) == ()
    assert [request.path for request in fake.requests] == [PATH, f"/v2/acme/web/manifests/{TAG}"]


async def test_an_empty_list_is_empty_and_no_tag_is_asked_for(registry: Registry, fake: FakeRegistry) -> None:
    assert await registry.referrers(REF, IMAGE.digest) == ()
    assert len(fake.requests) == 1


def page(made: Made, link: str = "") -> Fault:
    entry = {"mediaType": made.media_type, "digest": str(made.digest), "size": len(made.content)}
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}
    return Fault(200, headers={"Link": link} if link else {}, body=json.dumps(document).encode())


async def test_every_page_is_read(registry: Registry, fake: FakeRegistry) -> None:
    other = image_of("linux/arm64")
    fake.faults += [page(IMAGE, f'<{PATH}?last=1>; rel="next"'), page(other)]

    found = await registry.referrers(REF, IMAGE.digest)

    assert [each.digest for each in found] == [IMAGE.digest, other.digest]
    assert [request.query for request in fake.requests] == [{}, {"last": "1"}]


async def test_pages_without_end_end(registry: Registry, fake: FakeRegistry) -> None:
    fake.faults += [page(IMAGE, f'<{PATH}?last=1>; rel="next"') for _ in range(99)]

    await registry.referrers(REF, IMAGE.digest)

    assert len(fake.requests) == 10


@pytest.mark.parametrize("link", ["<https://evil.test/x>; rel=next", "<https://[zz]/>; rel=next", "nonsense"])
async def test_a_page_elsewhere_is_not_read(registry: Registry, fake: FakeRegistry, link: str) -> None:
    fake.faults.append(page(IMAGE, link))

    assert len(await registry.referrers(REF, IMAGE.digest)) == 1
    assert len(fake.requests) == 1


@pytest.mark.parametrize("tagged", [False, True])
async def test_a_list_that_is_none_is_an_error(registry: Registry, fake: FakeRegistry, tagged: bool) -> None:
    if tagged:
        fake.faults.append(Fault(404, path="/referrers/"))
    fake.faults.append(Fault(200, body=b"<html>"))

    with pytest.raises(RegistryError, match="is not an index"):
        await registry.referrers(REF, IMAGE.digest)


@pytest.mark.parametrize("path", ["/referrers/", "/manifests/"])
async def test_a_registry_that_will_not_say_is_an_error(registry: Registry, fake: FakeRegistry, path: str) -> None:
    fake.lists_referrers = False
    fake.faults.append(Fault(403, path=path))

    with pytest.raises(AccessError):
        await registry.referrers(REF, IMAGE.digest)
