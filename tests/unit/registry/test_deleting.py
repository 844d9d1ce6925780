"""The list of a repository's tags, and what is removed from it."""

import pytest

from bake_compiler.errors import AccessError, NotFoundError, RegistryError
from bake_compiler.oci.reference import Reference
from bake_compiler.registry import LimitError, Registry, client
from tests.fakes.clock import FakeClock
from tests.fakes.guards import Tokens
from tests.fakes.images import index_of
from tests.fakes.places import Known
from tests.fakes.registry import Deletes, FakeRegistry, Fault

pytestmark = pytest.mark.anyio

REF = Reference.parse("registry.test/acme/web:1.0")
LIST = "/v2/acme/web/tags/list"
NAMES = tuple(f"{number:02}" for number in range(25))


@pytest.mark.parametrize("page", [1, 7, 25, 100])
async def test_all_tags_are_listed_whatever_the_page(registry: Registry, fake: FakeRegistry, page: int) -> None:
    fake.page = page
    for name in NAMES:
        fake.push("acme/web", name, index_of("linux/amd64"))

    assert await registry.tags(REF) == NAMES


async def test_a_repository_that_is_not_there_or_empty_has_no_tags(registry: Registry, fake: FakeRegistry) -> None:
    assert await registry.tags(REF) == ()
    fake.push("acme/web", "1.0", index_of("linux/amd64"))
    fake.repositories["acme/web"].tags.clear()
    assert await registry.tags(REF) == ()


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"tags": 5}', b'{"tags": [5]}', b'{"tags": ["../a"]}'])
async def test_what_is_no_list_is_an_error(registry: Registry, fake: FakeRegistry, body: bytes) -> None:
    fake.faults.append(Fault(200, path=LIST, body=body))

    with pytest.raises(RegistryError, match=r"is not a list of tags"):
        await registry.tags(REF)


@pytest.mark.parametrize("link", ["<https://elsewhere.test/v2/>; rel=next", "nonsense"])
async def test_a_list_that_goes_on_elsewhere_is_not_taken_for_whole(
    registry: Registry, fake: FakeRegistry, link: str
) -> None:
    fake.faults.append(Fault(200, path=LIST, body=b'{"tags": ["1.0"]}', headers={"Link": link}))

    with pytest.raises(RegistryError, match="next page"):
        await registry.tags(REF)


async def test_a_page_that_is_missing_or_one_too_many_is_an_error(
    registry: Registry, fake: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = {"Link": f'<{LIST}?last=a>; rel="next"'}
    fake.faults.append(Fault(200, path=LIST, body=b'{"tags": ["a"]}', headers=again))
    with pytest.raises(NotFoundError):
        await registry.tags(REF)

    monkeypatch.setattr(client, "_MOST_PAGES_OF_TAGS", 2)
    fake.faults.append(Fault(200, path=LIST, body=b'{"tags": ["a"]}', headers=again, times=2))
    with pytest.raises(LimitError, match="more than 2 pages"):
        await registry.tags(REF)


@pytest.mark.parametrize("deletes", [Deletes.MANIFESTS, Deletes.TAGS])
async def test_a_manifest_is_removed_with_its_tags(registry: Registry, fake: FakeRegistry, deletes: Deletes) -> None:
    fake.deletes = deletes
    made = fake.push_image("acme/web", "1.0", ("linux/amd64",))
    fake.push("acme/web", "staged-1", made)

    assert await registry.delete(REF.at(made.digest))

    assert fake.repositories["acme/web"].tags == {}
    with pytest.raises(NotFoundError):
        await registry.delete(REF.at(made.digest))


async def test_a_tag_is_removed_alone_where_the_registry_does_that(registry: Registry, fake: FakeRegistry) -> None:
    fake.deletes = Deletes.TAGS
    made = fake.push_image("acme/web", "1.0", ("linux/amd64",))
    fake.push("acme/web", "staged-1", made)

    assert await registry.delete(REF.tagged("staged-1"))

    assert fake.repositories["acme/web"].tags == {"1.0": str(made.digest)}
    assert (await registry.manifest(REF)).digest == made.digest


@pytest.mark.parametrize("status", [400, 405, 501])
async def test_a_registry_that_removes_nothing_says_so(registry: Registry, fake: FakeRegistry, status: int) -> None:
    fake.push_image("acme/web", "1.0", ("linux/amd64",))
    fake.faults.append(Fault(status, method="DELETE"))

    assert not await registry.delete(REF)
    assert fake.tag("acme/web", "1.0")


async def test_a_refusal_is_an_error_and_a_busy_registry_is_asked_again(registry: Registry, fake: FakeRegistry) -> None:
    fake.deletes = Deletes.TAGS
    fake.push_image("acme/web", "1.0", ("linux/amd64",))
    fake.faults.append(Fault(403, method="DELETE"))
    with pytest.raises(AccessError, match=r"DELETE .*: 403"):
        await registry.delete(REF)

    fake.faults += [Fault(429, method="DELETE"), Fault(503, method="DELETE")]
    assert await registry.delete(REF)


async def test_a_token_allows_to_remove(fake: FakeRegistry) -> None:
    fake.deletes = Deletes.TAGS
    fake.push_image("acme/web", "1.0", ("linux/amd64",))
    fake.guard = Tokens(users={"me": "secret"})

    assert await Registry(fake, credentials=Known("me", "secret"), retry=FakeClock().retry()).delete(REF)
    assert fake.guard.given[-1] == "repository:acme/web:delete"
