"""Tags of single platforms, published with the release that they are of."""

import asyncio
import json
from pathlib import Path

import pytest

from bake_compiler.errors import UsageError, VerificationError
from bake_compiler.oci.manifest import OCI_MANIFEST
from bake_compiler.registry import Registry
from bake_compiler.release import ReleaseState, move_all, read_release, roll_back, status_of
from bake_compiler.release.moves import is_moving
from bake_compiler.release_file import ReleaseFile, read_release_file, render_release_file
from bake_compiler.release_file.of_report import promises_of
from bake_compiler.report import Report
from bake_compiler.report.formats.json import render_json
from bake_compiler.report.stored.report import report_from_document
from bake_compiler.report.words.ending import next_step
from bake_compiler.verbs.promote.run import Promotion, plan_promotion, retagged
from bake_compiler.verbs.release.file import release_file_of
from bake_compiler.verbs.release_files import load_promises
from bake_compiler.verbs.verify.run import Verification, VerifiedImage, planned_subjects
from tests.fakes.clock import FakeClock
from tests.fakes.project import PROJECT
from tests.fakes.registry import Fault
from tests.fakes.site import COMPONENTS, Site

MIRROR = "127.0.0.1:5001"
SINGLE = ("1.0-amd64", "1.0-arm64", "edge-amd64", "edge-arm64")
WRITTEN = PROJECT.replace(
    '    tag="1.0",\n',
    f'    tag="1.0",\n    tags=["1.0", "edge"],\n    also=["{MIRROR}/far"],\n    architecture_tags=True,\n',
)


def made_in(root: Path, *more: str) -> Site:
    site = Site.make(
        root, COMPONENTS, WRITTEN.removesuffix(")\n") + "".join(f"    {each},\n" for each in more) + ")\n", [MIRROR]
    )
    site.docker.bases["busybox:stable"] = "1"
    return site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return made_in(tmp_path)


def client(site: Site) -> Registry:
    return Registry(site, retry=FakeClock().retry())


def single(site: Site, name: str, tags: tuple[str, ...] = SINGLE) -> list[str | None]:
    """What the tags of the platforms name in the first registry; in the mirror it is the same."""
    found = [site.fake.tag(name, tag) for tag in tags]
    assert found == [site.mirrors[MIRROR].tag(f"far/{name}", tag) for tag in tags]
    return found


def platforms(report: Report, name: str) -> list[str]:
    """The digests of an image's platforms."""
    return [str(each.digest) for image in report.images if image.name == name for each in image.platforms]


def verified(site: Site) -> Report:
    wanted = site.build().wanted
    return asyncio.run(Verification(client(site)).run(planned_subjects(site.plan, wanted), wanted))


def test_each_platform_is_a_plain_manifest_under_tags_of_its_own_in_each_registry(site: Site) -> None:
    report = site.run()

    assert (report.exit_code, report.published) == (0, True)
    for name in ("hub", "web", "other"):
        amd64, arm64 = platforms(report, name)
        assert single(site, name) == [amd64, arm64, amd64, arm64]
        assert site.fake.repositories[name].manifests[arm64][0] == OCI_MANIFEST
    assert verified(site).exit_code == 0


def test_they_are_not_staged_and_not_in_the_bake_file(site: Site) -> None:
    site.run()

    assert "arm64" not in json.dumps([command.argv[6:] for command in site.docker.commands])
    assert "-arm64" not in (site.root / "docker-bake.hcl").read_text()


def test_a_run_for_one_platform_moves_the_tags_of_that_one(site: Site) -> None:
    site.run("other", only=("arm64",))

    assert [tag for tag in SINGLE if site.fake.tag("other", tag)] == ["1.0-arm64", "edge-arm64"]


@pytest.mark.parametrize("tag", SINGLE)
def test_one_that_can_not_be_moved_puts_all_others_back(site: Site, tag: str) -> None:
    old = site.run()
    before = single(site, "web")
    site.mirrors[MIRROR].faults.append(Fault(status=403, path=f"/v2/far/web/manifests/{tag}", method="PUT"))

    report = site.run(rebuild=True)

    assert (report.exit_code, report.published) == (5, False)
    assert f"far/web:{tag} could not be moved" in report.publish_error
    assert single(site, "web") == before
    assert site.public == {image.name: str(image.digest) for image in old.images}


def test_no_index_is_written_while_one_of_its_manifests_is(site: Site) -> None:
    site.lags = {"PUT ": 1}
    site.run()

    puts = [request.path.rpartition("/")[2] for request in site.fake.requests if request.method == "PUT"]

    assert puts == [*["1.0-amd64", "1.0-arm64"] * 3, *["1.0"] * 3, *["edge-amd64", "edge-arm64"] * 3, *["edge"] * 3]


def test_a_rollback_puts_them_back(site: Site) -> None:
    site.run()
    before = single(site, "web")
    report = site.run(rebuild=True)
    assert single(site, "web") != before

    released = read_release(site.root, report.run)
    status = asyncio.run(roll_back(client(site), site.root, released))

    assert status.state is ReleaseState.ROLLED_BACK
    assert single(site, "web") == before
    assert asyncio.run(status_of(client(site), released)).state is ReleaseState.ROLLED_BACK


@pytest.mark.parametrize(
    ("tag", "moving"),
    [
        ("edge-arm64", True),
        ("stable-arm-v7", True),
        ("latest-amd64", True),
        ("edge-windows-amd64", True),
        ("edge", True),
        ("arm64", False),
        ("edge-2-arm64", False),
        ("1.0-arm64", False),
        ("edge-arm64-2", False),
    ],
)
def test_the_tag_of_a_platform_moves_with_the_one_that_it_was_made_from(tag: str, *, moving: bool) -> None:
    assert is_moving(tag) is moving


@pytest.mark.parametrize("pattern", ["1.0", "1.*"])
def test_a_protected_tag_protects_those_of_its_platforms(tmp_path: Path, pattern: str) -> None:
    site = made_in(tmp_path, f'protect=["{pattern}"]')
    first = site.run()
    assert site.run().published  # unchanged: all of them name the same already
    for name in ("hub", "web", "other"):
        site.fake.repositories[name].tags.pop("1.0")
        site.mirrors[MIRROR].repositories[f"far/{name}"].tags.pop("1.0")
    site.docker.baked.clear()

    with pytest.raises(VerificationError, match=r"hub:1\.0-amd64 is protected"):
        site.run(rebuild=True)

    assert site.docker.baked == []
    assert single(site, "hub")[:2] == platforms(first, "hub")


def test_verify_finds_one_that_names_another_image_and_says_of_which_platform(site: Site) -> None:
    site.run()
    site.fake.push_image("web", "1.0-arm64", ("linux/arm64",))
    del site.fake.repositories["other"].tags["edge-amd64"]

    found = {
        image.name: [(finding.code, str(finding.platform)) for finding in image.errors]
        for image in verified(site).images
    }

    assert found == {"hub": [], "web": [("tags-differ", "linux/arm64")], "other": [("absent", "None")]}


def test_the_report_names_them_and_is_read_again_as_it_was_written(site: Site) -> None:
    report = site.run("hub")

    (hub,) = report.images
    assert hub.platforms[1].tags == tuple(
        f"{where}/hub:{tag}-arm64" for where in ("127.0.0.1:5000", f"{MIRROR}/far") for tag in ("1.0", "edge")
    )
    assert next_step(report) == "published: 12 tags, such as 127.0.0.1:5000/hub:1.0"
    (again,) = report_from_document(json.loads(render_json(report))).images
    assert [each.tags for each in again.platforms] == [each.tags for each in hub.platforms]


# In release files.


def release_of(site: Site) -> ReleaseFile:
    return asyncio.run(release_file_of(site.build().edges, site.run(), ()))


def test_a_release_file_has_them_and_verifies_them(site: Site) -> None:
    one = release_of(site)
    hub = one.images[0]
    assert [str(tag) for tag in hub.platforms[0].tags] == [
        f"{where}/hub:{tag}-amd64" for where in ("127.0.0.1:5000", f"{MIRROR}/far") for tag in ("1.0", "edge")
    ]
    assert read_release_file(render_release_file(one).encode()) == one
    site.fake.push_image("web", "1.0-arm64", ("linux/arm64",))

    subjects = [
        VerifiedImage(each.promise, each.tags, architecture_tags=each.architecture_tags)
        for each in promises_of(one, "r")
    ]
    report = asyncio.run(Verification(client(site)).run(subjects))

    assert {image.name: [finding.code for finding in image.errors] for image in report.images} == {
        "hub": [],
        "other": [],
        "web": ["tags-differ"],
    }


def test_the_report_of_a_build_in_place_of_a_release_file_has_them_too(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(render_json(site.run("hub")))

    ((_, _, tags),) = load_promises(path)

    assert min(map(str, tags)) == "127.0.0.1:5000/hub:1.0-amd64"
    assert len(tags) == 8


def test_a_promotion_makes_them_for_the_new_tag_too(site: Site) -> None:
    one = release_of(site)
    planned = plan_promotion(one, ["2.0"])

    async def work() -> None:
        done = await Promotion(one, planned, "release.json").prepared(Verification(client(site)))
        await move_all(client(site), site.root, "promotion", done.moves)

    asyncio.run(work())

    for image in one.images:
        assert single(site, image.name, ("2.0-amd64", "2.0-arm64")) == [str(each.digest) for each in image.platforms]
        assert single(site, image.name, ("2.0",)) == [str(image.digest)]
    final = retagged(one, planned, "2.0", "now")
    assert [str(tag) for tag in final.images[0].platforms[1].tags] == [
        "127.0.0.1:5000/hub:2.0-arm64",
        f"{MIRROR}/far/hub:2.0-arm64",
    ]
    assert read_release_file(render_release_file(final).encode()) == final


def test_a_promotion_to_a_tag_that_is_one_of_a_platform_is_refused(site: Site) -> None:
    one = release_of(site)

    with pytest.raises(UsageError, match="hub and hub linux/arm64 would both be"):
        plan_promotion(one, ["2.0", "2.0-arm64"])
