"""One build in several registries: the same digest in each, and all or nothing over all of them."""

import asyncio
from pathlib import Path

import pytest

from bake_compiler.errors import PreflightError, UsageError
from bake_compiler.oci.digest import Digest
from bake_compiler.registry import Registry
from bake_compiler.registry.transport import Request, Response
from bake_compiler.release import Names, ReleaseState, finish, move_all, read_release, roll_back, status_of
from bake_compiler.release_file import ReleaseFile
from bake_compiler.release_file.of_report import promises_of
from bake_compiler.report import Report
from bake_compiler.report.words.lines import title
from bake_compiler.verbs.promote.run import Promotion, plan_promotion
from bake_compiler.verbs.release.file import release_file_of
from bake_compiler.verbs.verify.run import Verification, VerifiedImage, planned_subjects
from tests.fakes.clock import FakeClock
from tests.fakes.docker import DENIED
from tests.fakes.images import Made, image_of, index_of
from tests.fakes.project import PROJECT, component
from tests.fakes.registry import FakeRegistry, Fault
from tests.fakes.site import Site

MIRROR = "127.0.0.1:5001"
NAMES = ("hub", "web")
COMPONENTS = {"hub": component('name="hub"'), "web": component('name="web", needs=["hub"]', phase="last")}
WRITTEN = PROJECT.replace(
    '    tag="1.0",\n', f'    tag="1.0",\n    tags=["1.0", "latest"],\n    also=["{MIRROR}/far"],\n'
)
TAGS = ("1.0", "latest")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site.make(tmp_path, COMPONENTS, WRITTEN, [MIRROR])
    made.docker.bases["busybox:stable"] = "1"
    return made


def mirror(site: Site) -> FakeRegistry:
    return site.mirrors[MIRROR]


def here(site: Site) -> dict[str, str | None]:
    """What the public tags of the first registry name."""
    return {f"{name}:{tag}": site.fake.tag(name, tag) for name in NAMES for tag in TAGS}


def there(site: Site) -> dict[str, str | None]:
    """What those of the mirror name."""
    return {f"{name}:{tag}": mirror(site).tag(f"far/{name}", tag) for name in NAMES for tag in TAGS}


def digests(report: Report) -> dict[str, str]:
    return {f"{image.name}:{tag}": str(image.digest) for image in report.images for tag in TAGS}


def client(site: Site) -> Registry:
    return Registry(site, retry=FakeClock().retry())


def verified(site: Site) -> Report:
    """What `bakec verify` says."""
    wanted = site.build().wanted
    return asyncio.run(Verification(client(site)).run(planned_subjects(site.plan, wanted), wanted))


def test_one_build_is_in_each_registry_with_the_same_digests(site: Site) -> None:
    report = site.run()

    assert (report.exit_code, report.published) == (0, True)
    assert site.docker.baked == ["hub", "web"]
    assert here(site) == there(site) == digests(report)
    assert report.images[0].reference == "127.0.0.1:5000/hub:1.0"
    assert report.images[0].tags == tuple(
        f"{where}/hub:{tag}"
        for where, tag in (("127.0.0.1:5000", "latest"), (f"{MIRROR}/far", "1.0"), (f"{MIRROR}/far", "latest"))
    )
    assert title(report) == "127.0.0.1:5000 and 1 more registry, tag 1.0"
    assert verified(site).exit_code == 0


def test_version_tags_of_all_registries_are_moved_before_any_moving_tag_of_one(site: Site) -> None:
    order: list[str] = []
    sent = site.send

    async def send(request: Request) -> Response:
        if request.method == "PUT":
            order.append(request.url.rpartition("/")[2])
        return await sent(request)

    site.send = send  # type: ignore[method-assign]
    site.run()

    assert order == ["1.0"] * 4 + ["latest"] * 4


def test_what_both_registries_have_of_the_same_inputs_is_not_built_again(site: Site) -> None:
    first = site.run()
    site.docker.baked.clear()

    report = site.run()

    assert (report.exit_code, report.published, site.docker.baked) == (0, True, [])
    assert digests(report) == digests(first)


@pytest.mark.parametrize("lost", ["tag", "index", "layer"])
def test_what_one_registry_lacks_is_pushed_to_both_again(site: Site, lost: str) -> None:
    report = site.run()
    (hub, _) = report.images
    assert hub.digest
    repository = mirror(site).repositories["far/hub"]
    match lost:
        case "tag":
            del repository.tags[hub.content_tag]
        case "index":
            mirror(site).delete("far/hub", hub.digest)
        case _:
            repository.blobs.clear()
    site.docker.baked.clear()

    again = site.run()

    assert (again.exit_code, again.published) == (0, True)
    assert "hub" in site.docker.baked
    assert here(site) == there(site) == digests(again)


def test_another_image_under_the_content_tag_of_one_registry_is_not_taken_for_the_same(site: Site) -> None:
    (hub, _) = site.run().images
    mirror(site).push_image("far/hub", hub.content_tag, ("linux/amd64", "linux/arm64"))
    site.docker.baked.clear()

    assert site.run().exit_code == 0
    assert "hub" in site.docker.baked


def test_a_push_that_one_registry_refuses_leaves_all_tags_of_all_registries(site: Site) -> None:
    old = site.run()
    site.docker.plays = {"web": [DENIED]}

    report = site.run(rebuild=True)

    assert (report.exit_code, report.published) == (5, False)
    assert here(site) == there(site) == digests(old)


@pytest.mark.parametrize("what", ["index", "manifest", "config", "layer", "attestation"])
def test_an_image_that_one_registry_has_not_whole_moves_no_tag_anywhere(site: Site, what: str) -> None:
    old = site.run()
    pushed = mirror(site).push

    def push(name: str, tag: str, made: Made) -> Made:
        pushed(name, tag, made)
        repository = mirror(site).repositories[name]
        if name != "far/web" or not tag.startswith("staged-"):
            return made
        image, attestation = made.children[0], made.children[-1]
        match what:
            case "index":
                del repository.tags[tag]
                mirror(site).delete(name, made.digest)
            case "manifest":
                mirror(site).delete(name, image.digest)
            case "attestation":
                mirror(site).delete(name, attestation.digest)
            case "config":
                mirror(site).delete(name, Digest.of(image.blobs[0]))
            case _:
                mirror(site).delete(name, Digest.of(image.blobs[1]))
        return made

    mirror(site).push = push  # type: ignore[method-assign]
    report = site.run(rebuild=True)

    web = next(image for image in report.images if image.name == "web")
    assert (report.exit_code, report.published) == (6, False)
    assert web.errors
    assert all(f"{MIRROR}/far/web" in finding.message for finding in web.errors)
    assert here(site) == there(site) == digests(old)


def test_what_is_wrong_with_an_image_wherever_it_is_is_said_once(site: Site) -> None:
    site.docker.makes = {"web": index_of("linux/amd64", image_of("linux/arm64", says="linux/amd64"), attested=True)}

    web = next(image for image in site.run().images if image.name == "web")

    assert [finding.code for finding in web.errors].count("platform-lie") == 1
    assert not any(MIRROR in finding.message for finding in web.errors)


def test_a_registry_that_does_not_answer_ends_a_run_before_anything_is_built(site: Site) -> None:
    mirror(site).faults.append(Fault(status=503, method="POST", times=999))

    with pytest.raises(PreflightError, match=MIRROR):
        site.run()

    assert site.docker.baked == []


def test_platforms_that_only_the_mirror_s_tag_has_are_not_taken_away(site: Site) -> None:
    site.run("hub")
    del site.fake.repositories["hub"].tags["1.0"], site.fake.repositories["hub"].tags["latest"]

    with pytest.raises(UsageError, match=rf"{MIRROR}/far/hub:1\.0 has linux/arm64"):
        site.run("hub", only=("amd64",))


@pytest.mark.parametrize("first", [False, True], ids=["mirror", "first"])
@pytest.mark.parametrize("n", range(4))
def test_a_registry_that_fails_at_its_nth_tag_puts_those_of_both_back(site: Site, n: int, *, first: bool) -> None:
    old = site.run()
    failing = site.fake if first else mirror(site)
    name, tag = [(name, tag) for tag in TAGS for name in NAMES][n]
    path = f"{'' if first else 'far/'}{name}/manifests/{tag}"
    failing.faults.append(Fault(status=403, path=path, method="PUT", times=1))

    report = site.run(rebuild=True)

    assert (report.exit_code, report.published) == (5, False)
    assert "all other tags are as they were" in report.publish_error
    assert here(site) == there(site) == digests(old)


def test_a_registry_that_goes_down_in_the_middle_is_named_and_the_release_is_undone_when_it_is_back(site: Site) -> None:
    old = site.run()
    new: list[Fault] = []
    sent = site.send

    async def send(request: Request) -> Response:
        if request.method == "PUT" and request.url.endswith("/latest"):
            new.append(Fault(status=503, times=10**6))
            mirror(site).faults[:] = new[:1]
        return await sent(request)

    site.send = send  # type: ignore[method-assign]
    report = site.run(rebuild=True)

    assert (report.exit_code, report.published) == (5, False)
    assert f"the registry does not say what is named by {MIRROR}/far/hub:1.0" in report.publish_error
    assert f"bakec rollback {report.run}" in report.publish_error
    assert here(site) == digests(old)
    site.send = sent  # type: ignore[method-assign]
    mirror(site).faults.clear()

    released = read_release(site.root, report.run)
    status = asyncio.run(status_of(client(site), released))

    assert status.state is ReleaseState.TORN
    assert {tag.move.tag.registry for tag in status.tags if tag.names is Names.NEW} == {MIRROR}
    asyncio.run(roll_back(client(site), site.root, released))
    assert here(site) == there(site) == digests(old)
    asyncio.run(finish(client(site), site.root, released))
    assert here(site) == there(site) == digests(report)


# Afterwards.


def release_of(site: Site) -> ReleaseFile:
    return asyncio.run(release_file_of(site.build().edges, site.run(), ()))


def test_the_release_file_pins_to_the_first_registry_and_has_the_tags_of_all(site: Site) -> None:
    hub, _ = release_of(site).images

    assert hub.repository == "127.0.0.1:5000/hub"
    assert [str(tag) for tag in hub.tags[2:]] == [f"{MIRROR}/far/hub:1.0", f"{MIRROR}/far/hub:latest"]


def test_a_promotion_moves_the_tags_in_each_registry(site: Site) -> None:
    one = release_of(site)

    async def work() -> None:
        done = await Promotion(one, plan_promotion(one, ["2.0"]), "release.json").prepared(Verification(client(site)))
        await move_all(client(site), site.root, "promotion", done.moves)

    asyncio.run(work())

    assert {image.name: str(image.digest) for image in one.images} == {
        name: mirror(site).tag(f"far/{name}", "2.0") for name in NAMES
    }
    assert [site.fake.tag(name, "2.0") for name in NAMES] == [str(image.digest) for image in one.images]


def test_a_promotion_of_what_one_registry_has_lost_moves_nothing(site: Site) -> None:
    one = release_of(site)
    mirror(site).repositories["far/web"].blobs.clear()

    done = asyncio.run(
        Promotion(one, plan_promotion(one, ["2.0"]), "release.json").prepared(Verification(client(site)))
    )

    assert (done.report.exit_code, done.moves) == (6, ())


def test_verify_finds_a_tag_that_one_registry_has_moved_lost_or_not_whole(site: Site) -> None:
    site.run()
    mirror(site).push_image("far/hub", "latest", ("linux/amd64", "linux/arm64"))
    del mirror(site).repositories["far/web"].tags["1.0"]

    hub, web = verified(site).images

    assert [(finding.code, f"{MIRROR}/far/hub:latest is" in finding.message) for finding in hub.errors] == [
        ("tags-differ", True)
    ]
    assert [(finding.code, "far/web" in finding.message) for finding in web.errors] == [("absent", True)]


def test_verify_by_a_release_file_looks_into_each_registry(site: Site) -> None:
    one = release_of(site)
    mirror(site).repositories["far/web"].blobs.clear()

    subjects = [VerifiedImage(each.promise, each.tags) for each in promises_of(one, "release.json")]
    hub, web = asyncio.run(Verification(client(site)).run(subjects)).images

    assert not hub.errors
    assert {finding.code for finding in web.errors} == {"missing", "provenance"}
    assert all(f"{MIRROR}/far/web" in finding.message for finding in web.errors)
