"""Builds of what the registry has already: what is built again, and what is not."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bake_compiler.runs.kept import stored_report
from tests.fakes.docker import AUTHOR
from tests.fakes.images import image_of, index_of
from tests.fakes.project import component
from tests.fakes.site import Site, outcomes

ALL = {"hub": "unchanged", "web": "unchanged", "other": "unchanged"}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site.make(tmp_path)
    made.docker.bases["busybox:stable"] = "1"
    return made


def again(site: Site, **options: object) -> list[str]:
    """What a second run builds."""
    site.docker.baked.clear()
    assert site.run(**options).exit_code == 0
    return sorted(site.docker.baked)


def test_a_second_run_of_the_same_inputs_builds_nothing_and_publishes_the_same(site: Site) -> None:
    first = site.run()

    assert again(site) == []

    report = stored_report(site.root)
    assert outcomes(report) == ALL
    assert (report.published, report.exit_code) == (True, 0)
    assert [image.digest for image in report.images] == [image.digest for image in first.images]
    assert [image.content_tag for image in report.images] == [image.content_tag for image in first.images]
    assert all(image.content_tag in site.fake.repositories[image.name].tags for image in report.images)
    assert report.summary.endswith("6 unchanged")


def test_the_base_images_are_looked_up_once_for_all_platforms_before_anything_is_built(site: Site) -> None:
    site.run()

    (file,) = site.docker.looked_up
    assert file["target"] == {
        "base-0": {
            "dockerfile-inline": "FROM busybox:stable\n",
            "output": ["type=cacheonly"],
            "platforms": ["linux/amd64", "linux/arm64"],
        }
    }


def test_a_base_for_the_builder_s_platform_and_the_image_s_is_one_to_the_builder(site: Site) -> None:
    text = "FROM --platform=$BUILDPLATFORM busybox:stable AS a\nFROM busybox:stable\nCOPY --from=a / /\n"
    (site.root / "components/other/Dockerfile").write_text(text)
    site.run()

    assert again(site) == []
    assert [len(file["target"]) for file in site.docker.looked_up] == [2, 2]


@pytest.mark.parametrize(
    ("change", "built"),
    [
        (lambda site: (site.root / "components/other/file").write_text("x"), ["other"]),
        (lambda site: (site.root / "components/other/Dockerfile").write_text("FROM scratch\n"), ["other"]),
        (lambda site: (site.root / "components/hub/file").write_text("x"), ["hub", "web"]),
        (lambda site: site.docker.bases.update({"busybox:stable": "2"}), ["hub", "other", "web"]),
        (lambda site: setattr(site.docker, "revision", "abc"), ["hub", "other", "web"]),
        (lambda site: site.rewrite(other=component('name="other", shm_size="64m"')), ["other"]),
    ],
    ids=["file", "dockerfile", "needed", "base", "revision", "words"],
)
def test_what_has_other_inputs_is_built_again_and_no_more(
    site: Site, change: Callable[[Site], object], built: list[str]
) -> None:
    site.run()

    change(site)

    assert again(site) == built


def test_rebuild_builds_all_and_that_is_what_the_registry_has_then(site: Site) -> None:
    first = site.run()

    assert again(site, rebuild=True) == ["hub", "other", "web"]
    second = stored_report(site.root)
    assert again(site) == []
    third = stored_report(site.root)

    digests = [[image.digest for image in report.images] for report in (first, second, third)]
    assert digests[0] != digests[1] == digests[2]


def test_other_platforms_are_other_inputs(site: Site) -> None:
    site.run("other", only=["amd64"])
    site.docker.baked.clear()

    site.run("other")

    assert site.docker.baked == ["other"]


def test_a_base_that_can_not_be_asked_for_leaves_all_to_the_build(site: Site) -> None:
    site.run()
    site.docker.bases.clear()

    assert again(site) == ["hub", "other", "web"]


def test_what_the_registry_has_and_is_not_as_promised_is_built_again(site: Site) -> None:
    site.run()
    tag = next(tag for tag in site.fake.repositories["other"].tags if tag.startswith("staged-"))
    site.fake.push("other", tag, index_of(image_of("linux/amd64")))

    assert again(site) == ["other"]


def test_an_unchanged_image_is_needed_by_one_that_is_built(site: Site) -> None:
    site.docker.plays = {"web": [AUTHOR]}
    site.run()

    report = site.run()

    assert outcomes(report) == {"hub": "unchanged", "web": "built", "other": "unchanged"}


def test_a_run_that_does_not_push_has_nothing_to_compare_with(site: Site) -> None:
    site.run()
    site.docker.baked.clear()

    report = site.run(push=False)

    assert sorted(site.docker.baked) == ["hub", "other", "web"]
    assert set(outcomes(report).values()) == {"loaded"}


def test_content_tags_are_the_same_on_another_machine(site: Site, tmp_path_factory: pytest.TempPathFactory) -> None:
    there = Site.make(tmp_path_factory.mktemp("there"))
    there.docker.bases["busybox:stable"] = "1"
    for each in (site, there):
        each.run()

    staged = [
        {name: tag for name, each in place.fake.repositories.items() for tag in each.tags if tag.startswith("staged-")}
        for place in (site, there)
    ]
    assert staged[0] == staged[1]
    assert staged[0].keys() == ALL.keys()


def test_the_journal_and_the_report_say_unchanged(site: Site) -> None:
    site.run()
    report = site.run()

    assert site.journal(report.run)[0] == "run-began"
    document = json.loads((site.root / ".bakec/runs" / report.run / "report.json").read_text())
    assert {cell["outcome"] for image in document["images"] for cell in image["cells"]} == {"unchanged"}
