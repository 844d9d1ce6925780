"""A resumed run builds what is not done, and no more; what it keeps it has seen in the registry again."""

import pytest

from bake_compiler.errors import UsageError
from bake_compiler.report import ImageResult
from bake_compiler.report.events import Event, ImageEnded
from bake_compiler.runs.asked import read_asked
from bake_compiler.runs.kept import journal_of, last_run, stored_report
from bake_compiler.system.journal import Journal
from tests.fakes.docker import AUTHOR
from tests.fakes.project import component
from tests.fakes.site import COMPONENTS, Site, image, outcomes

OTHER_HUB = component('name="hub", shm_size="64m"')


def kept(result: ImageResult) -> bool:
    return bool(result.kept_from) and not result.attempts


# What is built, and what is not.


def test_only_what_failed_is_built_again_and_then_all_is_public(site: Site) -> None:
    site.docker.plays = {"other": [AUTHOR]}
    first = site.run()

    report = site.resume()

    assert first.exit_code == 4
    assert site.docker.baked == ["other"]
    assert (report.exit_code, report.published, report.resumes) == (0, True, first.run)
    assert outcomes(report) == {"hub": "built", "other": "built", "web": "built"}
    assert [image.kept_from for image in report.images] == [first.run, "", first.run]
    assert image(report, "hub").digest == image(first, "hub").digest
    assert site.public == {image.name: str(image.digest) for image in report.images}


def test_a_kept_image_keeps_its_content_tag(site: Site) -> None:
    site.docker.plays = {"other": [AUTHOR]}
    first = site.run()

    report = site.resume()

    tags = {name: image(report, name).content_tag for name in ("hub", "web")}
    assert all(tag.startswith("staged-") for tag in tags.values())
    assert tags == {name: image(first, name).content_tag for name in tags}


def test_what_needs_the_failed_image_is_built_too(site: Site) -> None:
    site.docker.plays = {"hub": [AUTHOR]}
    site.run()

    assert site.resume().exit_code == 0
    assert site.docker.baked == ["hub", "web"]


def test_an_image_whose_dockerfile_was_mended_is_built_again(site: Site) -> None:
    site.docker.plays = {"web": [AUTHOR]}
    site.run()
    with (site.root / "components/other/Dockerfile").open("a") as dockerfile:
        dockerfile.write("RUN true\n")

    assert site.resume().exit_code == 0
    assert sorted(site.docker.baked) == ["other", "web"]


def test_an_interrupted_run_is_gone_on_with(site: Site) -> None:
    site.docker.takes = {"other": 60}
    site.interrupted(30)

    assert site.resume().exit_code == 0
    assert site.docker.baked == ["other"]


@pytest.mark.parametrize("entries", range(12))
def test_a_run_that_was_killed_at_any_entry_is_accounted_for_and_gone_on_with(site: Site, entries: int) -> None:
    first = site.run()
    site.killed_after(entries, first.run)
    ended = {name for name in ("hub", "web", "other") if f"image-ended {name}" in site.journal(first.run)}

    told = stored_report(site.root)
    assert {name for name, outcome in outcomes(told).items() if outcome == "built"} == ended
    assert {name for name, outcome in outcomes(told).items() if outcome == "blocked"} == {"hub", "web", "other"} - ended
    assert len(told.cells) == len(first.cells)

    report = site.resume()

    assert report.exit_code == 0
    assert sorted(site.docker.baked) == sorted({"hub", "web", "other"} - ended)
    assert site.public == {image.name: str(image.digest) for image in report.images}


def test_what_is_kept_is_verified_again_and_built_when_the_registry_has_lost_it(site: Site) -> None:
    site.docker.plays = {"other": [AUTHOR]}
    first = site.run()
    digest = image(first, "web").digest
    assert digest is not None
    site.fake.delete("web", digest)

    report = site.resume()

    assert report.exit_code == 0
    assert site.docker.baked == ["other", "web"]
    assert kept(image(report, "hub"))


def test_what_needs_a_lost_image_is_built_too(site: Site) -> None:
    site.docker.plays = {"other": [AUTHOR]}
    first = site.run()
    digest = image(first, "hub").digest
    assert digest is not None
    site.fake.delete("hub", digest)

    site.resume()

    assert sorted(site.docker.baked) == ["hub", "other", "web"]


def test_what_the_bake_file_says_otherwise_is_built_and_so_is_what_needs_it(site: Site) -> None:
    site.docker.plays = {"other": [AUTHOR]}
    site.run()
    site.rewrite(**{**COMPONENTS, "hub": OTHER_HUB})

    site.resume()

    assert sorted(site.docker.baked) == ["hub", "other", "web"]


def test_an_image_whose_need_was_not_part_of_the_run_is_built_when_the_file_says_otherwise_of_that(site: Site) -> None:
    site.docker.plays = {"other": [AUTHOR]}
    site.run("web", "other")
    site.rewrite(**{**COMPONENTS, "hub": OTHER_HUB})

    site.resume("web", "other")

    assert sorted(site.docker.baked) == ["other", "web"]


def test_an_image_is_not_kept_when_its_need_was_built_after_it(site: Site) -> None:
    site.docker.plays = {"other": [AUTHOR]}
    first = site.run()
    digest = image(first, "hub").digest
    assert digest is not None
    site.fake.delete("hub", digest)
    second = site.resume().run
    site.killed_after(site.journal(second).index("image-ended hub") + 1, second)

    site.resume()

    assert sorted(site.docker.baked) == ["other", "web"]


def test_a_loaded_image_is_built_again_since_nothing_proves_that_it_is_there(site: Site) -> None:
    site.docker.plays = {"other": [AUTHOR]}
    site.run(push=False)

    report = site.resume(push=False)

    assert outcomes(report) == {"hub": "loaded", "other": "loaded", "web": "loaded"}
    assert set(site.docker.baked) == {"hub", "other", "web"}
    assert not any("127.0.0.1:5000" in request.place for request in site.fake.requests)  # but where bases are from


# Chains of runs.


def test_what_is_kept_twice_is_known_by_the_run_that_built_it(site: Site) -> None:
    site.docker.plays = {"other": [AUTHOR, AUTHOR]}
    first = site.run()
    second = site.resume()

    third = site.resume()

    assert site.docker.baked == ["other"]
    assert third.exit_code == 0
    assert (second.resumes, third.resumes) == (first.run, second.run)
    assert image(third, "web").kept_from == first.run


def test_a_resumed_run_that_ended_before_it_had_told_anything_loses_nothing(site: Site) -> None:
    site.docker.plays = {"other": [AUTHOR]}
    first = site.run()
    site.killed_after(1, site.resume().run)

    report = site.resume()

    assert site.docker.baked == ["other"]
    assert image(report, "hub").kept_from == first.run


def test_an_interruption_while_kept_images_are_verified_loses_nothing(site: Site) -> None:
    site.docker.plays = {"other": [AUTHOR]}
    site.run()
    site.lags = {"GET /manifests/sha256:": 5}
    earlier = last_run(site.root)
    report = site.interrupted(2, resumes=earlier)
    assert report.exit_code == 130
    assert len(report.cells) == 6
    assert {cell.outcome.value for cell in report.cells} == {"blocked"}
    site.lags = {}

    assert site.resume().exit_code == 0
    assert site.docker.baked == ["other"]


def test_an_image_that_failed_in_the_resumed_run_is_not_kept_from_an_earlier_one(site: Site) -> None:
    site.docker.plays = {"other": [AUTHOR]}
    first = site.run()
    digest = image(first, "web").digest
    assert digest is not None
    lost = site.fake.repositories["web"].manifests.pop(str(digest))
    site.docker.plays = {"web": [AUTHOR]}
    site.resume()
    site.fake.repositories["web"].manifests[str(digest)] = lost

    site.resume()

    assert site.docker.baked == ["web"]


# What it is verified against.


def test_what_is_kept_is_held_against_the_variables_that_it_was_built_with(site: Site) -> None:
    site.docker.revision = "aaaa"
    site.docker.plays = {"other": [AUTHOR]}
    first = site.run()
    site.docker.revision = "bbbb"

    report = site.resume()

    assert report.exit_code == 0
    assert site.docker.baked == ["other"]
    asked = read_asked(site.root, first.run)
    assert asked is not None
    assert asked.variables["REVISION"] == "aaaa-dirty"


def test_what_was_built_by_a_run_that_is_forgotten_is_built_again(site: Site) -> None:
    site.docker.plays = {"other": [AUTHOR, AUTHOR]}
    first = site.run()
    site.resume()
    (site.root / ".bakec/runs" / first.run / "run.json").unlink()

    assert site.resume().exit_code == 0
    assert sorted(site.docker.baked) == ["hub", "other", "web"]


def test_kept_images_are_told_to_have_ended_before_anything_is_begun(site: Site) -> None:
    site.docker.plays = {"other": [AUTHOR]}
    site.run()

    report = site.resume()

    assert sorted(site.journal(report.run)[1:3]) == ["image-ended hub", "image-ended web"]
    assert site.journal(report.run)[3] == "attempt-began other"


def test_what_is_kept_takes_no_time_and_leaves_the_known_times_alone(site: Site) -> None:
    site.docker.plays = {"other": [AUTHOR]}
    site.run()
    timings = site.root / ".bakec/timings.json"
    timings.write_text('{"hub": 77, "web": 78}')

    report = site.resume()

    assert image(report, "hub").seconds == 0
    assert '"hub": 77.0' in timings.read_text()


# Whether there is anything to resume.


def test_a_run_that_ended_well_is_verified_again_and_nothing_is_built(site: Site) -> None:
    site.run()

    report = site.resume()

    assert (report.exit_code, report.published, site.docker.baked) == (0, True, [])
    assert outcomes(report) == {"hub": "built", "other": "built", "web": "built"}


def test_without_a_run_there_is_nothing_to_resume(site: Site) -> None:
    with pytest.raises(UsageError, match="no run is kept here"):
        last_run(site.root)


def test_a_run_that_still_goes_on_is_not_resumed(site: Site) -> None:
    asked_when: list[str] = []

    def ask(event: Event) -> None:
        if isinstance(event, ImageEnded):
            with pytest.raises(UsageError, match="still goes on") as caught:
                last_run(site.root)
            asked_when.append(caught.value.hint)

    site.listens = ask
    site.run()

    assert len(asked_when) == 3
    assert all(asked_when)


def test_a_run_that_was_killed_before_it_was_kept_what_was_asked_is_none(site: Site) -> None:
    report = site.run()
    Journal(journal_of(site.root, "99991231T235959-aaaaaa")).close()

    assert last_run(site.root).run == report.run


def test_a_run_whose_report_is_damaged_is_resumed(site: Site) -> None:
    report = site.run()
    (site.root / ".bakec/runs" / report.run / "report.json").write_text("{")

    assert site.resume().exit_code == 0
    assert site.docker.baked == []


def test_what_was_asked_can_not_be_read_so_nothing_can_be_resumed(site: Site) -> None:
    report = site.run()
    site.killed_after(3, report.run)
    (site.root / ".bakec/runs" / report.run / "run.json").write_text("[]")

    with pytest.raises(UsageError, match=r"run\.json can't be read") as caught:
        last_run(site.root)
    assert caught.value.hint == "build without --resume"
