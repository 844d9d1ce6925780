"""A release file of a build, and its promotion, with a registry in memory."""

import asyncio
from collections.abc import Mapping

import pytest

from bake_compiler.errors import UsageError, VerificationError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.reference import Reference
from bake_compiler.registry import Registry
from bake_compiler.release import move_all
from bake_compiler.release_file import ReleaseFile, read_release_file, render_release_file
from bake_compiler.verbs.promote.result import Promoted
from bake_compiler.verbs.promote.run import Promotion, plan_promotion, retagged
from bake_compiler.verbs.promote.show import promotion_document
from bake_compiler.verbs.release.file import release_file_of, write_release_file
from bake_compiler.verbs.release_files import load_promises
from bake_compiler.verbs.verify.run import Verification
from tests.fakes.clock import FakeClock
from tests.fakes.images import attestation_of, image_of, index_of, statement_of
from tests.fakes.registry import Fault
from tests.fakes.releases import release, released
from tests.fakes.site import Site

FINAL = "v1.0.0"
BASE = Digest.of(b"busybox")


def published(site: Site, *selectors: str) -> ReleaseFile:
    """What a build of the site has published, as its file says."""
    edges = site.build().edges
    return asyncio.run(release_file_of(edges, site.run(*selectors), selectors))


def promoted(site: Site, one: ReleaseFile, *tags: str, protect: tuple[str, ...] = ()) -> Promoted:
    """Verify, and move the tags if all is well."""

    async def work() -> Promoted:
        registry = Registry(site, retry=FakeClock().retry())
        done = await Promotion(one, plan_promotion(one, tags), "release.json", protect).prepared(Verification(registry))
        await move_all(registry, site.root, "promotion", done.moves)
        return done

    return asyncio.run(work())


def tags(site: Site, tag: str) -> Mapping[str, str | None]:
    return {name: site.fake.tag(name, tag) for name in ("hub", "web", "other")}


def test_the_file_says_what_the_registry_has(site: Site) -> None:
    labels = {"title": "hub", "version": "1.0", "revision": "0123abc"}
    said = {f"org.opencontainers.image.{name}": text for name, text in labels.items()}
    images = [image_of(platform, run={"Labels": said}) for platform in ("linux/amd64", "linux/arm64")]
    attested = [
        attestation_of(
            each, statement=statement_of(each.digest, platform=each.platform, bases={"busybox:stable": BASE})
        )
        for each in images
    ]
    made = index_of(*images, *attested)
    site.docker.makes = {"hub": made}

    one = published(site, "hub")

    (hub,) = one.images
    assert (hub.name, str(hub.tags[0]), hub.digest) == ("hub", f"{hub.repository}:1.0", made.digest)
    assert [each.digest for each in hub.platforms] == [each.digest for each in images]
    assert [each.provenance for each in hub.platforms] == [each.digest for each in attested]
    assert [(base.name, base.digest) for base in hub.bases] == [("busybox:stable", BASE)]
    assert hub.revision == "0123abc"
    assert all(each.size > 0 for each in hub.platforms)
    assert (one.covers, one.partial, one.tag) == (("hub",), False, "1.0")
    assert one.tools["buildx"].startswith("0.")


def test_the_same_release_gives_the_same_bytes_but_for_the_time(site: Site) -> None:
    report, edges = site.run(), site.build().edges
    first, second = (asyncio.run(release_file_of(edges, report, ())).model_copy(update={"time": ""}) for _ in range(2))

    assert render_release_file(first) == render_release_file(second)
    assert first.covers == ("all",)


def test_a_build_that_has_not_published_leaves_the_file_as_it_was(site: Site) -> None:
    path = site.root / "release.json"
    path.write_text("before")
    site.docker.metadata = "{}"

    assert asyncio.run(write_release_file(site.build().edges, site.run("hub"), ("hub",), path)) is None

    assert path.read_text() == "before"


def test_a_file_that_can_not_be_written_or_made_is_told(site: Site) -> None:
    report = site.run("hub")
    (site.root / "file").write_text("")
    edges = site.build().edges
    folder = asyncio.run(write_release_file(edges, report, (), site.root / "file" / "release.json"))
    site.fake.faults.append(Fault(403, times=99))
    refused = asyncio.run(write_release_file(edges, report, (), site.root / "release.json"))

    assert folder is not None
    assert "release.json" in folder.message
    assert refused is not None
    assert refused.exit_code == 5
    assert not (site.root / "release.json").exists()


def test_a_release_is_verified_by_its_file_and_a_tag_that_was_moved_is_found(site: Site) -> None:
    path = site.root / "release.json"
    assert asyncio.run(write_release_file(site.build().edges, site.run(), (), path)) is None
    names = [each.promise.image for each in load_promises(path)]

    assert sorted(names) == ["hub", "other", "web"]
    assert all(each.promise.digest and each.promise.provenance for each in load_promises(path))


def test_promotion_gives_every_image_its_new_tags_with_the_same_digests(site: Site) -> None:
    one = published(site)
    before = len(site.fake.requests)

    done = promoted(site, one, FINAL, "stable")

    assert done.report.exit_code == 0
    assert tags(site, FINAL) == tags(site, "stable") == site.public
    assert site.public == {image.name: str(image.digest) for image in one.images}
    asked = site.fake.requests[before:]
    assert not [request for request in asked if "/blobs/uploads" in request.path]
    assert len([request for request in asked if request.method == "PUT"]) == 6


def test_the_promoted_release_has_its_new_tags_alone(site: Site) -> None:
    one = published(site)
    final = retagged(one, plan_promotion(one, [FINAL]), FINAL, "now")

    assert final.tag == FINAL
    assert {tag.tag for image in final.images for tag in image.tags} == {FINAL}
    assert read_release_file(render_release_file(final).encode()) == final


@pytest.mark.parametrize("damage", ["manifest", "layer"])
def test_an_image_that_is_not_as_released_keeps_all_tags_where_they_are(site: Site, damage: str) -> None:
    one = published(site)
    repository = site.fake.repositories["web"]
    lost = str(one.images[2].digest) if damage == "manifest" else next(iter(repository.blobs))
    repository.manifests.pop(lost, None)
    repository.blobs.pop(lost, None)

    done = promoted(site, one, FINAL)

    assert done.report.exit_code == 6
    assert done.moves == ()
    assert set(tags(site, FINAL).values()) == {None}


def test_a_tag_that_was_moved_since_does_not_matter_to_a_promotion_by_digest(site: Site) -> None:
    one = published(site)
    site.fake.push_image("hub", "1.0", ("linux/amd64",))

    promoted(site, one, FINAL)

    assert tags(site, FINAL) == {image.name: str(image.digest) for image in one.images}


def test_a_protected_tag_that_exists_is_refused(site: Site) -> None:
    one = published(site)
    site.fake.push_image("web", FINAL, ("linux/amd64",))

    with pytest.raises(VerificationError, match=r"web:v1\.0\.0 is protected"):
        promoted(site, one, FINAL, protect=("v*",))


def test_its_document_says_what_each_tag_named_before(site: Site) -> None:
    one = published(site)
    site.fake.push_image("web", FINAL, ("linux/amd64",))
    old = site.fake.tag("web", FINAL)

    document = promotion_document(one, promoted(site, one, FINAL), "promotion", dry_run=False)

    before = {each["tag"].rpartition("/")[2]: each["before"] for each in document["tags"]}
    assert before == {f"hub:{FINAL}": None, f"other:{FINAL}": None, f"web:{FINAL}": old}
    assert (document["tag"], document["release"]) == ("1.0", "promotion")


def new(*old: str, to: str = FINAL, tag: str = "1.0-rc1") -> list[str]:
    return [each.tag.tag for each in plan_promotion(release(released("web", *old), tag=tag), [to])]


@pytest.mark.parametrize(
    ("old", "made"),
    [
        (("1.0-rc1",), ["v1.0.0"]),
        (("1.0-rc1", "latest"), ["v1.0.0"]),
        (("1.0-rc1-dev", "latest-dev"), ["v1.0.0-dev"]),
        (("1.0-rc1", "cuda-1.0-rc1"), ["v1.0.0", "cuda-v1.0.0"]),
        (("1.0-rc1", "1.0-rc10", "11.0-rc1", "1.0"), ["v1.0.0"]),
    ],
)
def test_what_is_around_the_tag_of_the_release_stays(old: tuple[str, ...], made: list[str]) -> None:
    assert new(*old) == made


def test_a_tag_with_a_v_before_it_keeps_it() -> None:
    assert new("v1.0-rc1", to="1.0") == ["v1.0"]


def test_what_can_not_be_a_tag_or_has_none_to_begin_with_is_refused() -> None:
    with pytest.raises(UsageError, match="--tag"):
        new("1.0-rc1", to="a b")
    with pytest.raises(UsageError, match="web has no tag that is made from"):
        new("latest")
    with pytest.raises(UsageError, match="web has no tag that is made from"):
        new("latest", tag="")


def test_two_images_never_get_the_same_tag() -> None:
    web, api = released("web"), released("api")
    api = api.model_copy(update={"tags": (Reference.parse("r.test/acme/web:1.0-rc1"),)})

    with pytest.raises(UsageError, match="api and web would both be"):
        plan_promotion(release(web, api), [FINAL])
