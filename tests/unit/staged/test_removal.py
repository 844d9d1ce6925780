"""Staged tags are removed from registries of every kind, and nothing else is."""

import json
from collections.abc import Callable

import pytest

from bake_compiler.errors import RegistryError
from bake_compiler.oci.reference import Reference
from bake_compiler.registry import Registry
from bake_compiler.staged import Probe, Removal, RepositoryFacts
from tests.fakes.images import Made, artifact_of, image_of, index_of
from tests.fakes.registry import Deletes, FakeRegistry, Fault
from tests.fakes.wire import Reply, Request

pytestmark = pytest.mark.anyio

WEB = Reference.parse("registry.test/acme/web")
OLD, BEFORE, YOUNG = 1000.0, 2000.0, 3000.0
WITH_ALL = "the registry removes a manifest with all of its tags, never a tag alone"
CAN_DELETE = [kind for kind in Deletes if kind is not Deletes.NOTHING]


def image(content: str) -> Made:
    return index_of(image_of("linux/amd64", layers=(content.encode(),)), attested=True)


def old(*tags: tuple[str, Made], used: float = OLD) -> RepositoryFacts:
    return RepositoryFacts({(tag, made.digest): used for tag, made in tags})


async def removed(registry: Registry, known: RepositoryFacts) -> dict[str, str]:
    """Tag → why it stays, or nothing."""
    removal = Removal(registry, WEB, known, BEFORE, Probe(registry))
    return {held.tag: why async for held, why in removal.run()}


def tags(fake: FakeRegistry) -> set[str]:
    return set(fake.repositories["acme/web"].tags)


def deletions(fake: FakeRegistry) -> list[str]:
    return [request.path.rpartition("/")[2] for request in fake.requests if request.method == "DELETE"]


@pytest.mark.parametrize("kind", CAN_DELETE)
async def test_what_nobody_needs_goes_with_its_manifest(registry: Registry, fake: FakeRegistry, kind: Deletes) -> None:
    fake.deletes = kind
    stale, fresh, public = image("stale"), image("fresh"), image("public")
    for tag, made in (("staged-a", stale), ("staged-b", stale), ("staged-c", fresh), ("1.0", public)):
        fake.push("acme/web", tag, made)

    young = old(("staged-c", fresh), used=YOUNG)
    known = RepositoryFacts({**old(("staged-a", stale), ("staged-b", stale)).used, **young.used})

    assert await removed(registry, known) == {"staged-a": "", "staged-b": ""}

    assert tags(fake) == {"staged-c", "1.0"}
    assert str(stale.digest) not in fake.repositories["acme/web"].manifests
    assert await removed(registry, known) == {}


@pytest.mark.parametrize("kind", [Deletes.TAGS, Deletes.UNTAGGED])
async def test_beside_a_public_tag_the_tag_alone_goes_where_that_can_be(
    registry: Registry, fake: FakeRegistry, kind: Deletes
) -> None:
    fake.deletes = kind
    made = image("published")
    fake.push("acme/web", "1.0", made)
    fake.push("acme/web", "staged-a", made)

    assert await removed(registry, old(("staged-a", made))) == {"staged-a": ""}

    assert tags(fake) == {"1.0"}
    assert (await registry.manifest(WEB.tagged("1.0"))).digest == made.digest


@pytest.mark.parametrize("kind", [Deletes.MANIFESTS, Deletes.ALL_BY_TAG])
async def test_beside_a_public_tag_all_stays_where_the_manifest_would_go_too(
    registry: Registry, fake: FakeRegistry, kind: Deletes
) -> None:
    fake.deletes = kind
    made = image("published")
    fake.push("acme/web", "1.0", made)
    fake.push("acme/web", "staged-a", made)

    assert await removed(registry, old(("staged-a", made))) == {"staged-a": f"1.0 names it too, and {WITH_ALL}"}

    assert tags(fake) == {"1.0", "staged-a"}
    assert {str(made.digest), "staged-a"}.isdisjoint(deletions(fake))


async def test_a_registry_is_asked_once_what_it_removes_and_nothing_of_that_is_left(
    registry: Registry, fake: FakeRegistry
) -> None:
    fake.deletes = Deletes.MANIFESTS
    probe = Probe(registry)
    for name in ("web", "api"):
        fake.push_image(f"acme/{name}", "1.0", ("linux/amd64",))
        assert await probe.why_not(Reference("registry.test", f"acme/{name}")) == WITH_ALL

    assert sum(request.method == "PUT" for request in fake.requests) == 1
    assert tags(fake) == {"1.0"}
    assert len(fake.repositories["acme/web"].manifests) == len(fake.repositories["acme/api"].manifests)


async def test_a_probe_that_stays_is_named_and_no_second_one_is_pushed(registry: Registry, fake: FakeRegistry) -> None:
    for _ in range(2):
        with pytest.raises(RegistryError, match=r"staged-probe-\S+ to test .* can't remove it") as caught:
            await Probe(registry).why_not(WEB)
        assert "storage.delete.enabled" in caught.value.hint
    assert len(tags(fake)) == 1

    fake.deletes = Deletes.TAGS
    assert await Probe(registry).why_not(WEB) == ""
    assert tags(fake) == set()


@pytest.mark.parametrize("kind", [Deletes.MANIFESTS, Deletes.TAGS, Deletes.ALL_BY_TAG])
async def test_an_image_that_has_the_name_of_a_probe_is_none(
    registry: Registry, fake: FakeRegistry, kind: Deletes
) -> None:
    fake.deletes = kind
    made = image("public")
    for tag in ("1.0", "staged-a", "staged-probe-20261124T193000-1a2b3c"):
        fake.push("acme/web", tag, made)

    await removed(registry, old(("staged-a", made)))

    assert "1.0" in tags(fake)
    assert str(made.digest) in fake.repositories["acme/web"].manifests


async def test_a_probe_that_may_not_be_removed_is_named_with_the_reason(registry: Registry, fake: FakeRegistry) -> None:
    fake.faults.append(Fault(403, method="DELETE", times=9))

    with pytest.raises(RegistryError, match=r"staged-probe-\S+ to test .*: 403"):
        await Probe(registry).why_not(WEB)


async def test_where_nothing_is_removed_that_is_an_error(registry: Registry, fake: FakeRegistry) -> None:
    stale = fake.push("acme/web", "staged-a", image("stale"))

    with pytest.raises(RegistryError, match="staged-a is still there: the registry removes nothing"):
        await removed(registry, old(("staged-a", stale)))


async def test_a_registry_that_shows_it_a_moment_later_is_given_that_moment(
    registry: Registry, fake: FakeRegistry
) -> None:
    fake.deletes = Deletes.MANIFESTS
    stale = fake.push("acme/web", "staged-a", image("stale"))
    known = old(("staged-a", stale))
    reading_and_once_after = 2
    fake.faults.append(
        Fault(
            200,
            method="GET",
            path="/manifests/staged-a",
            body=stale.content,
            headers={"Content-Type": stale.media_type},
            times=reading_and_once_after,
        )
    )

    assert await removed(registry, known) == {"staged-a": ""}


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
async def test_an_error_in_the_middle_ends_it_and_what_was_removed_was_told(
    registry: Registry, fake: FakeRegistry, status: int
) -> None:
    fake.deletes = Deletes.MANIFESTS
    stale = {tag: fake.push("acme/web", tag, image(tag)) for tag in ("staged-a", "staged-b", "staged-c")}
    known, told = old(*stale.items()), list[str]()
    fake.faults.append(Fault(status, method="DELETE", path=str(stale["staged-b"].digest), times=99))

    async def work() -> None:
        async for held, _ in Removal(registry, WEB, known, BEFORE, Probe(registry)).run():
            told.append(held.tag)

    with pytest.raises(RegistryError) as caught:
        await work()

    assert told == ["staged-a"]
    assert tags(fake) == {"staged-b", "staged-c"}
    assert str(status) in caught.value.message or "still there" in caught.value.message


@pytest.mark.parametrize("status", [403, 500])
async def test_what_can_not_be_read_lets_nothing_go(registry: Registry, fake: FakeRegistry, status: int) -> None:
    fake.deletes = Deletes.MANIFESTS
    stale = fake.push("acme/web", "staged-a", image("stale"))
    fake.push("acme/web", "1.0", image("public"))
    fake.faults.append(Fault(status, path="/manifests/1.0", times=99))

    with pytest.raises(RegistryError, match=str(status)):
        await removed(registry, old(("staged-a", stale)))
    assert deletions(fake) == []


async def test_a_tag_of_what_nobody_can_read_lets_nothing_go_and_one_of_nothing_is_no_harm(
    registry: Registry, fake: FakeRegistry
) -> None:
    fake.deletes = Deletes.MANIFESTS
    stale, other = fake.push("acme/web", "staged-a", image("stale")), image("other")
    broken = Made(other.media_type, json.dumps({"manifests": 5}).encode())
    fake.push("acme/web", "1.0", broken)

    with pytest.raises(RegistryError, match=r"web:1\.0 can't be read"):
        await removed(registry, old(("staged-a", stale)))
    assert deletions(fake) == []

    fake.delete("acme/web", broken.digest)
    assert await removed(registry, old(("staged-a", stale))) == {"staged-a": ""}


async def test_the_child_of_a_nested_index_and_the_subject_of_an_artifact_stay(
    registry: Registry, fake: FakeRegistry
) -> None:
    fake.deletes = Deletes.MANIFESTS
    child, subject = image_of("linux/amd64", layers=(b"child",)), image_of("linux/amd64", layers=(b"subject",))
    fake.push("acme/web", "1.0", index_of(index_of(child)))
    fake.push("acme/web", "about", artifact_of(subject))
    fake.push("acme/web", "staged-child", child)
    fake.push("acme/web", "staged-subject", subject)

    found = await removed(registry, old(("staged-child", child), ("staged-subject", subject)))

    assert found == {
        "staged-child": f"1.0 needs it, and {WITH_ALL}",
        "staged-subject": f"about needs it, and {WITH_ALL}",
    }


class Rival(FakeRegistry):
    """Someone else does something when the first request of this method comes."""

    def __init__(self, method: str, does: Callable[["Rival"], None]) -> None:
        super().__init__()
        self.method, self.does = method, does

    def respond(self, request: Request) -> Reply:
        """Answer, after what the rival does."""
        if request.method == self.method:
            self.method = ""
            self.does(self)
        return super().respond(request)


async def test_a_tag_that_moves_there_after_the_judgement_saves_it() -> None:
    stale = image("stale")
    rival = Rival("GET", lambda one: one.repositories["acme/web"].tags.update(latest=str(stale.digest)))
    rival.deletes = Deletes.MANIFESTS
    rival.push("acme/web", "staged-a", stale)

    assert await removed(Registry(rival), old(("staged-a", stale))) == {
        "staged-a": f"latest names it too, and {WITH_ALL}"
    }
    assert rival.tag("acme/web", "latest") == str(stale.digest)


async def test_what_was_read_two_seconds_ago_is_read_again(fake: FakeRegistry, registry: Registry) -> None:
    fake.deletes = Deletes.MANIFESTS
    stale = {tag: fake.push("acme/web", tag, image(tag)) for tag in ("staged-a", "staged-b")}
    seconds = iter(range(0, 1000, 3))
    removal = Removal(registry, WEB, old(*stale.items()), BEFORE, Probe(registry), lambda: float(next(seconds)))

    found = {}
    async for held, why in removal.run():
        found[held.tag] = why
        fake.repositories["acme/web"].tags["latest"] = str(stale["staged-b"].digest)

    assert found == {"staged-a": "", "staged-b": f"latest names it too, and {WITH_ALL}"}


async def test_a_tag_that_was_pushed_anew_meanwhile_stays(fake: FakeRegistry, registry: Registry) -> None:
    fake.deletes = Deletes.TAGS
    fake.push("acme/web", "staged-a", image("new"))

    assert await removed(registry, old(("staged-a", image("stale")))) == {}
    assert tags(fake) == {"staged-a"}


async def test_a_tag_that_was_pushed_anew_while_the_registry_was_probed_stays() -> None:
    made, new = image("published"), image("new")
    rival = Rival("PUT", lambda one: one.repositories["acme/web"].tags.update({"staged-a": str(new.digest)}))
    rival.deletes = Deletes.TAGS
    for tag, one in (("1.0", made), ("staged-a", made), ("2.0", new)):
        rival.push("acme/web", tag, one)
    registry, seconds = Registry(rival), iter(range(0, 1000, 3))
    removal = Removal(registry, WEB, old(("staged-a", made)), BEFORE, Probe(registry), lambda: float(next(seconds)))

    assert [held.tag async for held, _ in removal.run()] == []
    assert rival.tag("acme/web", "staged-a") == str(new.digest)
