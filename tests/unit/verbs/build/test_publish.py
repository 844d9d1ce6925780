"""Public tags move when all is verified, all or none, and Ctrl-C does not come between them."""

from dataclasses import replace
from pathlib import Path

import pytest

from bake_compiler.errors import PreflightError, UsageError, VerificationError
from bake_compiler.report.events import Publishing
from bake_compiler.runs.kept import stored_report
from tests.fakes.docker import AUTHOR
from tests.fakes.registry import Fault
from tests.fakes.site import Site, outcomes

NOBODY = dict.fromkeys(("hub", "web", "other"))


def moves(site: Site) -> list[str]:
    """The tags that were written, in order."""
    return [request.path for request in site.fake.requests if request.method == "PUT"]


def test_all_tags_are_moved_after_the_last_image_was_verified_and_one_is_told_of_how_many(site: Site) -> None:
    when: list[dict[str, str | None]] = []
    site.listens = lambda _: when.append(site.public)

    site.run()

    published = next(number for number, event in enumerate(site.told) if isinstance(event, Publishing))
    assert when[published] == NOBODY
    assert isinstance(site.told[published], Publishing)
    assert site.told[published] == Publishing(site.told[published].at, 3)
    assert None not in site.public.values()


def test_an_image_that_failed_keeps_all_tags_where_they_were(site: Site) -> None:
    old = site.run()
    site.docker.plays = {"other": [AUTHOR]}

    new = site.run()

    assert (new.exit_code, new.published) == (4, False)
    assert site.public == {image.name: str(image.digest) for image in old.images}
    assert not any(isinstance(event, Publishing) for event in site.told[-3:])


def test_a_tag_that_can_not_be_moved_puts_the_others_back(site: Site) -> None:
    old = site.run()
    site.fake.faults.append(Fault(status=403, path="/v2/web/manifests/1.0", method="PUT", times=9))

    report = site.run()

    assert (report.exit_code, report.published) == (5, False)
    assert "web:1.0 could not be moved" in report.publish_error
    assert "all other tags are as they were" in report.publish_error
    assert site.public == {image.name: str(image.digest) for image in old.images}
    assert set(outcomes(report).values()) == {"built"}
    assert stored_report(site.root).publish_error == report.publish_error


def test_a_release_that_could_not_be_published_is_published_by_a_resumed_run_without_a_build(site: Site) -> None:
    site.fake.faults.append(Fault(status=403, path="/v2/web/manifests/1.0", method="PUT", times=1))
    site.run()

    report = site.resume()

    assert (report.exit_code, report.published) == (0, True)
    assert site.docker.baked == []
    assert site.public == {image.name: str(image.digest) for image in report.images}


@pytest.mark.parametrize("seconds", [2.5, 3, 3.5])
def test_an_interruption_while_tags_are_moved_waits_until_all_are(site: Site, seconds: float) -> None:
    site.lags = {"PUT /manifests/1.0": 2}

    report = site.interrupted(seconds)

    assert (report.exit_code, report.published, report.interrupted) == (0, True, False)
    assert len(moves(site)) == 3
    assert site.public == {image.name: str(image.digest) for image in report.images}
    assert site.journal(report.run)[-2:] == ["publishing", "run-ended"]


def test_a_run_that_was_killed_while_tags_were_moved_says_so_and_is_gone_on_with(site: Site) -> None:
    first = site.run()
    site.killed_after(len(site.journal(first.run)) - 1, first.run)

    told = stored_report(site.root)
    assert told.exit_code == 130
    assert "some may be new, others old" in told.publish_error

    assert site.resume().published
    assert site.docker.baked == []


def test_a_tag_keeps_the_platforms_that_a_run_leaves_out(site: Site) -> None:
    site.run("other")
    site.docker.baked.clear()

    with pytest.raises(UsageError, match="has linux/arm64, which this run would take away"):
        site.run("other", only=("amd64",))

    assert site.docker.baked == []


def test_a_registry_that_does_not_answer_ends_a_run_before_anything_is_built(site: Site) -> None:
    site.fake.faults.append(Fault(status=503, method="POST", times=999))

    with pytest.raises(PreflightError, match="503"):
        site.run()

    assert site.docker.baked == []


# Some images only, when that is asked for.


def test_a_partial_release_publishes_what_is_well_and_says_so_and_a_resumed_run_the_rest(site: Site) -> None:
    old = site.run()
    site.docker.plays = {"hub": [AUTHOR]}

    report = site.run(allow_partial=True, rebuild=True)

    before = {image.name: str(image.digest) for image in old.images}
    made = {image.name: str(image.digest) for image in report.images if image.digest}
    assert (report.exit_code, report.published, report.partial) == (4, True, True)
    assert report.note == "--allow-partial: 1 of 3 images are published; as they were: hub, web"
    assert made["other"] != before["other"]
    assert site.public == {**before, "other": made["other"]}
    assert (stored_report(site.root).partial, stored_report(site.root).note) == (True, report.note)

    whole = site.resume(rebuild=True)

    assert (whole.exit_code, whole.published, whole.partial) == (0, True, False)
    assert site.public == {image.name: str(image.digest) for image in whole.images}


def test_a_partial_release_of_nothing_is_none(site: Site) -> None:
    site.docker.plays = {"hub": [AUTHOR], "other": [AUTHOR]}

    report = site.run(allow_partial=True)

    assert (report.exit_code, report.published, report.partial) == (4, False, False)
    assert report.note == "no public tag was moved"
    assert site.public == NOBODY


def test_a_whole_release_is_not_called_partial(site: Site) -> None:
    report = site.run(allow_partial=True)

    assert (report.exit_code, report.published, report.partial, report.note) == (0, True, False, "")


# Tags that never move.


def test_a_protected_tag_that_names_another_image_ends_a_build_before_anything_is_built(site: Site) -> None:
    site.run()
    site.plan = replace(site.plan, protect=("1.*",))
    site.docker.baked.clear()
    before = site.public

    with pytest.raises(VerificationError, match=r"hub:1\.0 is protected"):
        site.run(rebuild=True)

    assert site.docker.baked == []
    assert site.public == before


def test_a_protected_tag_that_names_the_same_image_is_done(tmp_path: Path) -> None:
    site = Site.make(tmp_path)
    site.docker.bases["busybox:stable"] = "1"
    site.plan = replace(site.plan, protect=("1.*",))
    first = site.run()
    site.docker.baked.clear()

    report = site.run()

    assert (report.exit_code, report.published) == (0, True)
    assert set(outcomes(report).values()) == {"unchanged"}
    assert site.public == {image.name: str(image.digest) for image in first.images}
