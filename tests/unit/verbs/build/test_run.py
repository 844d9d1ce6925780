"""A build from plan to report, with a docker that only says what it pushed and a registry in memory."""

import asyncio

import pytest

from bake_compiler.errors import BakecError, ModelError, PreflightError
from bake_compiler.oci.platform import Platform
from bake_compiler.report.events import AttemptFailed, Event, ImageEnded, RunBegan, RunEnded
from bake_compiler.report.formats.json import render_json
from bake_compiler.runs.kept import stored_report
from tests.fakes.binaries import elf
from tests.fakes.docker import AUTHOR, DENIED, TRANSIENT
from tests.fakes.images import Made, image_of, index_of
from tests.fakes.project import component
from tests.fakes.site import Site, image, outcomes
from tests.gallery.layers import layer_of

LABELS = {"org.opencontainers.image.version": "1.0", "org.opencontainers.image.title": "web"}
PLATFORMS = ("linux/amd64", "linux/arm64")


def labelled(platform: str) -> Made:
    return image_of(platform, run={"Labels": LABELS})


# What a run comes to.


def test_what_was_pushed_is_verified_and_then_public(site: Site) -> None:
    report = site.run()

    assert (report.exit_code, report.published) == (0, True)
    assert outcomes(report) == {"hub": "built", "other": "built", "web": "built"}
    assert site.public == {image.name: str(image.digest) for image in report.images}
    assert [each.platform for each in image(report, "web").platforms] == list(map(Platform.parse, PLATFORMS))


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (index_of(*PLATFORMS, attested=True), "label"),
        (index_of(*map(labelled, PLATFORMS)), "provenance"),
        (index_of(labelled("linux/amd64"), attested=True), "platform-missing"),
    ],
)
def test_what_is_not_as_promised_is_not_public_and_blocks_what_needs_it(site: Site, wrong: Made, code: str) -> None:
    site.docker.makes = {"web": wrong}

    report = site.run()

    assert (report.exit_code, report.published) == (6, False)
    assert code in {finding.code for finding in image(report, "web").findings}
    assert site.public == dict.fromkeys(("hub", "web", "other"))


def test_an_image_that_is_not_as_promised_blocks_those_that_need_it(site: Site) -> None:
    site.docker.makes = {"hub": index_of(*PLATFORMS, attested=True)}

    report = site.run()

    assert outcomes(report) == {"hub": "failed", "other": "built", "web": "blocked"}
    assert {cell.why for cell in image(report, "web").cells} == {"needs hub, which failed"}
    assert site.docker.baked == ["hub", "other"]


def test_what_is_emulated_begins_first_while_its_time_is_not_known(site: Site) -> None:
    (site.root / "components/other/Dockerfile").write_text("FROM scratch\nRUN compile\n")

    site.run(jobs=1)

    assert site.docker.baked == ["other", "hub", "web"]


def test_images_whose_dockerfiles_begin_alike_begin_together(site: Site) -> None:
    site.rewrite(hub=component('name="hub"'), web=component('name="web"'), other=component('name="other"'))
    first, between, last = (image.name for image in site.plan.images)
    alike = "FROM scratch\nRUN one\nRUN two\n"
    for name, text in {first: alike, between: "FROM scratch\nRUN other\n", last: f"{alike}RUN three\n"}.items():
        (site.root / f"components/{name}/Dockerfile").write_text(text)

    site.run(jobs=1)

    assert site.docker.baked == [first, last, between]


# Failures.


def test_a_failure_of_the_author_is_told_once_and_not_retried(site: Site) -> None:
    site.docker.plays = {"hub": [AUTHOR]}

    report = site.run()

    assert report.exit_code == 4
    assert outcomes(report) == {"hub": "blocked failed", "other": "built", "web": "blocked"}
    assert site.docker.baked == ["hub", "other"]
    failure = image(report, "hub").failure
    assert failure is not None
    assert failure.tail
    assert failure.log == f".bakec/runs/{report.run}/hub.log"
    assert "no such compiler" in (site.root / failure.log).read_text()
    assert report.note == "no public tag was moved"


def test_a_refusal_of_the_registry_is_its_own_exit_code_and_not_retried(site: Site) -> None:
    site.docker.plays = {"other": [DENIED]}

    assert site.run().exit_code == 5
    assert site.docker.baked.count("other") == 1


# Retries.


def test_a_fault_that_passes_changes_nothing_but_the_number_of_attempts(site: Site) -> None:
    site.docker.plays = {"hub": [TRANSIENT, TRANSIENT]}

    report = site.run()

    assert (report.exit_code, report.published) == (0, True)
    assert outcomes(report) == {"hub": "built", "other": "built", "web": "built"}
    assert site.docker.baked == ["hub", "other", "hub", "hub", "web"]
    attempts = image(report, "hub").attempts
    assert [(each.number, each.pause, each.failure is None) for each in attempts] == [
        (1, 3.0, False),
        (2, 9.0, False),
        (3, 0.0, True),
    ]
    assert image(report, "hub").failure is None
    failed = [event for event in site.told if isinstance(event, AttemptFailed)]
    assert [(each.image, each.attempt, each.pause, each.failure.fault) for each in failed] == [
        ("hub", 1, 3.0, "registry-5xx"),
        ("hub", 2, 9.0, "registry-5xx"),
    ]


def test_a_fault_that_does_not_pass_fails_when_the_budget_is_spent(site: Site) -> None:
    site.docker.plays = {"hub": [TRANSIENT] * 9}

    report = site.run(retries=2)

    assert report.exit_code == 5
    assert site.docker.baked.count("hub") == 3
    assert [attempt.pause > 0 for attempt in image(report, "hub").attempts] == [True, True, False]
    assert "503" in {cell.why for cell in image(report, "hub").cells}.pop()


def test_without_a_budget_nothing_is_retried(site: Site) -> None:
    site.docker.plays = {"hub": [TRANSIENT]}

    assert site.run(retries=0).exit_code == 5
    assert site.docker.baked.count("hub") == 1


def test_a_log_has_all_attempts_after_the_command_that_made_them(site: Site) -> None:
    site.docker.plays = {"other": [TRANSIENT]}

    report = site.run("other")

    lines = (site.root / f".bakec/runs/{report.run}/other.log").read_text().splitlines()
    assert lines[0].startswith("$ REGISTRY=127.0.0.1:5000 TAG=1.0 PLATFORMS=")
    assert lines[0].endswith(" other")
    assert "$ attempt 2" in lines
    assert any("503 Service Unavailable" in line for line in lines[: lines.index("$ attempt 2")])


# Options.


def test_never_more_are_baked_at_once_than_there_are_slots(site: Site) -> None:
    report = site.run(jobs=1)

    assert (site.docker.most, report.slots) == (1, 1)
    assert site.run(jobs=4).slots == 4
    assert site.docker.most == 2


def test_the_builder_says_how_many_slots_there_are_unless_a_person_does(site: Site) -> None:
    assert site.run().slots >= 2


def test_fail_fast_stops_what_is_being_built(site: Site) -> None:
    site.docker.plays = {"hub": [AUTHOR]}
    site.docker.takes = {"other": 60}

    report = site.run(fail_fast=True)

    assert report.exit_code == 4
    assert outcomes(report) == {"hub": "blocked failed", "other": "blocked", "web": "blocked"}
    assert {cell.why for cell in image(report, "other").cells} == {"--fail-fast: hub failed"}
    assert {cell.why for cell in image(report, "web").cells} == {"needs hub, which failed"}
    assert site.docker.stopped == ["other"]


def test_deep_reads_the_layers_of_what_was_pushed_and_keeps_what_was_in_them(site: Site) -> None:
    site.env["XDG_CACHE_HOME"] = str(site.root / "cache")
    layers = (layer_of({"bin/run": elf("arm64")}),)
    site.docker.makes = {"other": index_of(*(image_of(each, layers=layers) for each in PLATFORMS))}

    report = site.run("other", deep=True)

    assert report.exit_code == 6
    assert {finding.code for finding in image(report, "other").findings} >= {"machine"}
    assert any(path.is_file() for path in (site.root / "cache/bakec/layers").rglob("*"))


def test_images_that_are_loaded_are_not_pushed_verified_or_published(site: Site) -> None:
    report = site.run(push=False)

    assert (report.exit_code, report.published) == (0, None)
    assert outcomes(report) == {"hub": "loaded", "other": "loaded", "web": "loaded"}
    assert "nothing was pushed" in report.note
    assert not any("127.0.0.1:5000" in request.place for request in site.fake.requests)  # but where bases are from
    assert all("--load" in command.argv for command in site.docker.commands)


def test_what_is_selected_is_built_without_what_it_needs(site: Site) -> None:
    report = site.run("web")

    assert outcomes(report) == {"web": "built"}
    assert image(report, "web").needs == ()


def test_the_longest_of_the_last_run_goes_first(site: Site) -> None:
    (site.root / ".bakec").mkdir()
    (site.root / ".bakec/timings.json").write_text('{"hub": 1, "web": 1, "other": 60}')

    site.run(jobs=1)

    assert site.docker.baked == ["other", "hub", "web"]
    (began,) = (event for event in site.told if isinstance(event, RunBegan))
    assert began.seconds == {"hub": 1, "web": 1, "other": 60}


# What is told, and kept.


def test_the_first_event_is_the_whole_expected_matrix_and_the_last_the_verdict(site: Site) -> None:
    report = site.run()

    first, last = site.told[0], site.told[-1]
    assert isinstance(first, RunBegan)
    assert {each.image: (each.phase, each.needs) for each in first.images} == {
        "hub": ("first", ()),
        "other": ("first", ()),
        "web": ("last", ("hub",)),
    }
    assert {tuple(map(str, each.platforms)) for each in first.images} == {PLATFORMS}
    assert (first.run, first.slots, first.resumes) == (report.run, report.slots, "")
    assert isinstance(last, RunEnded)
    assert (last.exit_code, last.summary) == (0, "3 images, 6 cells: 6 built")


def test_the_journal_tells_what_happened_in_order_and_no_steps(site: Site) -> None:
    site.docker.plays = {"hub": [TRANSIENT]}

    report = site.run("hub", "web")

    assert site.journal(report.run) == [
        "run-began",
        "attempt-began hub",
        "attempt-failed hub",
        "attempt-began hub",
        "pushed hub",
        "image-ended hub",
        "attempt-began web",
        "pushed web",
        "image-ended web",
        "publishing",
        "run-ended",
    ]


def test_each_image_is_told_to_have_ended_exactly_once(site: Site) -> None:
    site.docker.plays = {"hub": [AUTHOR], "other": [TRANSIENT]}

    site.run()

    assert sorted(event.result.name for event in site.told if isinstance(event, ImageEnded)) == ["hub", "other", "web"]


@pytest.mark.parametrize("play", ["", TRANSIENT, AUTHOR])
def test_what_is_kept_is_the_report(site: Site, play: str) -> None:
    site.docker.plays = {"hub": [play]}

    report = site.run()

    assert render_json(stored_report(site.root)) == render_json(report)


# Interruptions.


def test_an_interruption_ends_what_is_being_baked_and_says_what_was_done(site: Site) -> None:
    site.docker.takes = {"hub": 60}

    report = site.interrupted(30)

    assert (report.exit_code, report.interrupted) == (130, True)
    assert outcomes(report) == {"hub": "blocked", "other": "built", "web": "blocked"}
    assert {cell.why for cell in image(report, "hub").cells} == {"interrupted before it was done"}
    assert site.docker.stopped == ["hub"]
    assert site.public["other"] is None
    assert stored_report(site.root).cells == report.cells


def test_an_interruption_ends_a_pause_and_the_fault_is_told(site: Site) -> None:
    site.docker.plays = {"hub": [TRANSIENT]}

    report = site.interrupted(2.5, "hub")

    assert report.exit_code == 130
    (why,) = {cell.why for cell in image(report, "hub").cells}
    assert why.startswith("interrupted before it was done; attempt 1 had failed: ")
    assert "503" in why
    assert image(report, "hub").failure is None


def test_what_was_pushed_but_not_verified_before_an_interruption_is_not_built(site: Site) -> None:
    site.lags = {"GET /manifests/sha256:": 60}

    report = site.interrupted(30, "web")

    assert report.exit_code == 130
    assert outcomes(report) == {"web": "blocked"}
    assert {cell.why for cell in report.cells} == {"interrupted before it was verified"}
    assert site.public["web"] is None


def test_an_interruption_in_preflight_leaves_nothing_behind(site: Site) -> None:
    site.lags = {"POST /v2/": 2}

    with pytest.raises(asyncio.CancelledError):
        site.interrupted(1)

    assert not (site.root / ".bakec").exists()
    assert site.docker.baked == []


@pytest.mark.parametrize("moment", [0.5, 1.2, 1.7, 2.2, 3.7, 4.2, 5.2, 5.7, 6.2, 6.7, 7.2])
def test_an_interruption_at_any_moment_leaves_nothing_uncounted_and_nothing_to_do_twice(
    site: Site, moment: float
) -> None:
    site.lags = {"GET /manifests/sha256:": 0.3}
    site.docker.plays = {"hub": [TRANSIENT]}

    report = site.interrupted(moment)

    ended = {event.result.name for event in site.told if isinstance(event, ImageEnded)}
    assert (report.exit_code, report.published) == (130, False)
    assert len(report.cells) == 6
    assert {name for name, outcome in outcomes(report).items() if outcome == "built"} == ended
    assert render_json(stored_report(site.root)) == render_json(report)
    assert set(site.public.values()) == {None}

    again = site.resume()

    assert again.exit_code == 0
    assert not ended & set(site.docker.baked)


# What goes wrong with bakec itself.


def test_a_stale_file_or_an_unfit_builder_ends_a_run_before_it_leaves_anything(site: Site) -> None:
    site.docker.platforms = "linux/amd64"
    (site.root / "components/hub/Dockerfile").write_text("FROM busybox:stable\nRUN make\n")
    with pytest.raises(PreflightError, match="linux/arm64: the builder can't run its programs"):
        site.run()
    site.docker.platforms += ", linux/arm64"
    (site.root / "docker-bake.hcl").write_text("# by hand\n")
    with pytest.raises(ModelError, match="not what the models say"):
        site.run()

    assert not (site.root / ".bakec").exists()


def test_an_exception_in_the_middle_ends_all_and_what_was_done_can_still_be_read(site: Site) -> None:
    site.docker.takes = {"hub": 5, "other": 60}

    def explodes(event: Event) -> None:
        if isinstance(event, ImageEnded):
            raise ZeroDivisionError

    site.listens = explodes
    with pytest.raises(ZeroDivisionError):
        site.run()

    assert site.docker.stopped == ["other"]
    kept = stored_report(site.root)
    assert outcomes(kept) == {"hub": "built", "other": "blocked", "web": "blocked"}
    assert (kept.exit_code, kept.note) == (130, "the run was killed before it was done")


def test_a_folder_that_can_not_be_written_ends_a_run_before_anything_is_built(site: Site) -> None:
    (site.root / ".bakec").write_text("a file")

    with pytest.raises(BakecError, match="Not a directory"):
        site.run()

    assert site.docker.baked == []


def test_a_log_that_can_not_be_written_costs_the_log_and_not_the_build(site: Site) -> None:
    def in_its_place(event: Event) -> None:
        if isinstance(event, RunBegan):
            (site.root / ".bakec/runs" / event.run / "hub.log").symlink_to("/dev/full")

    site.listens = in_its_place

    assert site.run().exit_code == 0


def test_a_report_that_can_not_be_kept_is_told_and_costs_nothing_else(site: Site) -> None:
    def in_its_place(event: Event) -> None:
        if isinstance(event, RunBegan):
            (site.root / ".bakec/runs" / event.run / "report.json").mkdir()

    site.listens = in_its_place

    report = site.run()

    assert (report.exit_code, report.published) == (0, True)
    assert report.note.startswith("not all is kept of this run: ")
    assert "Is a directory" in report.note


def test_a_docker_that_is_gone_in_the_middle_fails_the_image_and_no_other(site: Site) -> None:
    site.docker.gone_for = "web"

    report = site.run()

    assert report.exit_code == 4
    assert outcomes(report) == {"hub": "built", "other": "built", "web": "failed"}
    assert "not on PATH" in image(report, "web").cells[0].why
