"""What the folders of runs tell: of those that ended, were killed, go on, or are damaged."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bake_compiler.buildx import Failure, Step
from bake_compiler.errors import BakecError, UsageError
from bake_compiler.report import Attempt, ImageResult, Report
from bake_compiler.report.events import ImageEnded
from bake_compiler.report.stored.events import event_document
from bake_compiler.runs.asked import Asked, AskedImage, read_asked, write_asked
from bake_compiler.runs.kept import (
    find_run,
    finished_images,
    journal_of,
    last_run,
    last_seconds,
    run_ids,
    stored_report,
    write_report,
)
from bake_compiler.runs.options import BuildOptions
from bake_compiler.system.journal import Journal
from tests.fakes.project import write
from tests.fakes.site import outcomes

PLATFORMS = ("linux/amd64", "linux/arm64")


def named(number: int) -> str:
    return f"20261124T10{number:02}00-abcdef"


def asked_for(run: str, *names: str, resumes: str = "") -> Asked:
    images = tuple(
        AskedImage(name, "first", PLATFORMS, (), f"r.test/{name}:1", (f"r.test/{name}:latest",), "0") for name in names
    )
    excluded = (("gone", "linux/arm64", "no such machine"),)
    options = BuildOptions(("all",), (), "r.test", "1")
    return Asked(run, 100.0, options, {"TAG": "1"}, 4, images, excluded, resumes)


def ended(name: str) -> ImageResult:
    return ImageResult(name, f"r.test/{name}:1", ())


def begin(root: Path, run: str, *names: str, done: tuple[str, ...] = (), resumes: str = "") -> Journal:
    """A run that goes on until its journal is closed."""
    write_asked(root, asked_for(run, *names, resumes=resumes))
    journal = Journal(journal_of(root, run))
    for name in done:
        journal.write(event_document(ImageEnded(130.0, ended(name))))
    return journal


def end(root: Path, run: str, *images: ImageResult) -> str:
    begin(root, run).close()
    return write_report(root, Report("build", "r.test", "1", images, (), published=True, run=run))


def attempted(*steps: Step, seconds: float = 8.0, failure: Failure | None = None) -> ImageResult:
    return replace(ended("web"), attempts=(Attempt(1, 10, 10 + seconds, steps, failure),))


# Which run is meant.


def test_runs_are_known_newest_first_and_only_those_of_which_something_was_asked(tmp_path: Path) -> None:
    for number in (2, 3, 1):
        end(tmp_path, named(number))
    Journal(journal_of(tmp_path, named(9))).close()
    write(tmp_path / ".bakec/runs/notes.txt", "mine")

    assert run_ids(tmp_path) == (named(3), named(2), named(1))


def test_of_one_second_the_later_run_is_newer(tmp_path: Path) -> None:
    for run in ("20261124T100000-ffffff", "20261124T100000-000000"):
        end(tmp_path, run)

    assert run_ids(tmp_path)[0] == "20261124T100000-000000"


def test_a_run_is_named_by_its_id_the_beginning_of_it_or_last(tmp_path: Path) -> None:
    for number in (10, 11, 20):
        end(tmp_path, named(number))

    assert find_run(tmp_path, "last") == find_run(tmp_path, "") == named(20)
    assert find_run(tmp_path, named(10)) == named(10)
    assert find_run(tmp_path, "20261124T1020") == named(20)


def test_a_whole_id_is_meant_even_when_another_begins_with_it(tmp_path: Path) -> None:
    end(tmp_path, "a")
    end(tmp_path, "ab")

    assert find_run(tmp_path, "a") == "a"


def test_a_beginning_of_several_or_of_none_is_an_error_that_lists_some(tmp_path: Path) -> None:
    for number in range(10, 20):
        end(tmp_path, named(number))

    with pytest.raises(UsageError, match="more than one run begins with '20261124T101'") as several:
        find_run(tmp_path, "20261124T101")
    with pytest.raises(UsageError, match="no run is called '1999'") as none:
        find_run(tmp_path, "1999")

    assert (
        several.value.hint == none.value.hint == f"there are {', '.join(named(number) for number in range(19, 14, -1))}"
    )


def test_a_project_without_runs_has_none(tmp_path: Path) -> None:
    assert run_ids(tmp_path) == ()
    with pytest.raises(UsageError, match="no run is kept here"):
        find_run(tmp_path, "last")


@pytest.mark.parametrize("run", ["..", "../..", "/etc", ".", "*"])
def test_a_name_is_never_a_path(run: str, tmp_path: Path) -> None:
    end(tmp_path, named(1))

    with pytest.raises(UsageError, match="no run is called"):
        find_run(tmp_path, run)


# What was asked.


def test_what_was_asked_is_read_as_it_was_written(tmp_path: Path) -> None:
    asked = asked_for(named(1), "web", "hub", resumes=named(0))
    write_asked(tmp_path, asked)

    assert read_asked(tmp_path, named(1)) == asked
    assert json.loads((tmp_path / ".bakec/runs" / named(1) / "run.json").read_text())["schema"] == "bakec.run/2"


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"schema": "bakec.run/1", "run": 1}', '{"schema": "bakec.run/1", "given": {}}', "\xff"],
)
def test_what_was_asked_is_not_known_from_a_damaged_file(text: str, tmp_path: Path) -> None:
    write(tmp_path / ".bakec/runs/r1/run.json", text)

    assert read_asked(tmp_path, "r1") is None
    assert read_asked(tmp_path, "absent") is None


def test_what_was_asked_of_a_newer_bakec_is_not_guessed(tmp_path: Path) -> None:
    write_asked(tmp_path, asked_for(named(1), "web"))
    path = tmp_path / ".bakec/runs" / named(1) / "run.json"
    path.write_text(path.read_text().replace("bakec.run/2", "bakec.run/3"))

    assert read_asked(tmp_path, named(1)) is None
    with pytest.raises(UsageError, match="can't be read"):
        last_run(tmp_path)


# What it came to.


def test_a_run_that_ended_is_told_by_its_report(tmp_path: Path) -> None:
    assert end(tmp_path, named(1), ended("web")) == ""

    report = stored_report(tmp_path)

    assert (report.run, report.published, report.interrupted, report.images) == (named(1), True, False, (ended("web"),))


@pytest.mark.parametrize(
    ("goes_on", "why"), [(True, "the run still goes on"), (False, "the run was killed before it was done")]
)
def test_a_run_without_a_report_is_told_by_its_journal(tmp_path: Path, goes_on: bool, why: str) -> None:
    journal = begin(tmp_path, named(1), "hub", "web", "other", done=("web",))
    if not goes_on:
        journal.close()

    report = stored_report(tmp_path)

    assert (report.exit_code, report.published, report.note) == (130, False, why)
    assert [image.name for image in report.images] == ["hub", "web", "other"]
    assert report.images[1] == ended("web")
    assert outcomes(report) == {"hub": "blocked", "web": "", "other": "blocked"}
    assert {cell.why for cell in report.images[0].cells} == {why}
    assert report.images[0].reference == "r.test/hub:1"
    assert report.images[0].tags == ("r.test/hub:latest",)
    assert [str(cell.outcome) for cell in report.excluded] == ["excluded"]
    assert (report.began, report.seconds, report.slots) == (100.0, 30.0, 4)
    if goes_on:
        journal.close()


def test_a_run_that_was_killed_before_it_wrote_anything_took_no_time(tmp_path: Path) -> None:
    write_asked(tmp_path, asked_for(named(1), "web"))

    assert stored_report(tmp_path).seconds == 0
    assert outcomes(stored_report(tmp_path)) == {"web": "blocked"}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": "bakec.report/9"}', "\x00"])
def test_a_damaged_report_is_an_error_that_names_the_file(text: str, tmp_path: Path) -> None:
    end(tmp_path, named(1))
    write(tmp_path / ".bakec/runs" / named(1) / "report.json", text)

    with pytest.raises(BakecError) as caught:
        stored_report(tmp_path)
    assert caught.value.hint
    assert last_run(tmp_path) is not None


def test_a_run_of_which_nothing_can_be_read_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / ".bakec/runs/r1/run.json", "{")

    with pytest.raises(BakecError, match=r"runs/r1/run\.json can't be read"):
        stored_report(tmp_path)


@given(st.binary(max_size=60), st.integers(0, 2))
@settings(max_examples=40)
def test_whatever_a_journal_holds_besides_its_entries_count_and_all_images_are_told(
    tmp_path_factory: pytest.TempPathFactory, torn: bytes, place: int
) -> None:
    root = tmp_path_factory.mktemp("torn")
    begin(root, named(1), "a", "b", "c", done=("a", "b")).close()
    path = journal_of(root, named(1))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:place], torn, b"\n", *lines[place:]]))

    report = stored_report(root)

    assert [image.name for image in report.images] == ["a", "b", "c"]
    assert report.images[:2] == (ended("a"), ended("b"))


@pytest.mark.parametrize(
    "entry",
    [
        {"event": "image-ended"},
        {"event": "image-ended", "at": 1, "result": None},
        {"event": "image-ended", "at": 1, "result": {"name": 1}},
        {"event": ["image-ended"]},
        {"event": "what-nobody-knows", "at": 1},
        {"at": "noon"},
        {"at": []},
        {"at": {}},
    ],
)
def test_an_entry_that_means_nothing_is_as_good_as_none(entry: dict[str, object], tmp_path: Path) -> None:
    journal = begin(tmp_path, named(1), "web", done=("web",))
    journal.write(entry)
    journal.close()

    assert stored_report(tmp_path).images == (ended("web"),)
    assert finished_images(tmp_path, named(1)).keys() == {"web"}


# What of it is done.


def test_finished_images_are_those_of_the_run_and_of_those_that_it_resumed(tmp_path: Path) -> None:
    begin(tmp_path, named(1), "a", "b", "c", done=("a", "b")).close()
    begin(tmp_path, named(2), "a", "b", "c", done=("b",), resumes=named(1)).close()
    begin(tmp_path, named(3), "a", "b", "c", resumes=named(2)).close()

    found = finished_images(tmp_path, named(3))

    assert {name: result.kept_from for name, result in found.items()} == {"a": named(1), "b": named(2)}


def test_a_resumed_run_that_is_forgotten_has_finished_nothing(tmp_path: Path) -> None:
    begin(tmp_path, named(2), "a", "b", done=("a",), resumes=named(1)).close()

    assert finished_images(tmp_path, named(2)).keys() == {"a"}
    assert finished_images(tmp_path, "absent") == {}


# Timings.


def test_how_long_an_image_took_is_known_the_next_time_and_others_are_kept(tmp_path: Path) -> None:
    write(tmp_path / ".bakec/timings.json", '{"hub": 3, "web": 99}')

    end(tmp_path, named(1), attempted(Step("RUN make", stage="build")))

    assert last_seconds(tmp_path) == {"hub": 3.0, "web": 8.0}


@pytest.mark.parametrize(
    "image",
    [
        attempted(Step("RUN make", stage="b", cached=True), Step("COPY . .", stage="b", cached=True), seconds=0.5),
        attempted(Step("RUN make", stage="b"), failure=Failure("it broke")),
        ended("web"),
    ],
    ids=["all from the cache", "failed", "kept"],
)
def test_an_image_that_was_not_really_built_does_not_change_what_is_known(image: ImageResult, tmp_path: Path) -> None:
    end(tmp_path, named(1), attempted(Step("RUN make", stage="b")))

    end(tmp_path, named(2), image)

    assert last_seconds(tmp_path) == {"web": 8.0}


def test_an_image_of_which_a_part_was_cached_is_known_by_the_rest(tmp_path: Path) -> None:
    end(tmp_path, named(1), attempted(Step("RUN a", stage="b", cached=True), Step("RUN b", stage="b")))

    assert last_seconds(tmp_path) == {"web": 8.0}


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', "1", "null", '{"web": "soon"}', '{"web": null}', "\x00", "[[["])
def test_damaged_timings_are_as_good_as_none(text: str, tmp_path: Path) -> None:
    write(tmp_path / ".bakec/timings.json", text)

    assert last_seconds(tmp_path) == {}
    assert end(tmp_path, named(1), attempted()) == ""
    assert last_seconds(tmp_path) == {"web": 8.0}


# What is forgotten.


def test_the_last_thirty_runs_are_kept(tmp_path: Path) -> None:
    for number in range(33):
        end(tmp_path, named(number))

    assert run_ids(tmp_path) == tuple(named(number) for number in range(32, 2, -1))


def test_a_run_that_goes_on_is_not_forgotten_and_one_that_left_nothing_is(tmp_path: Path) -> None:
    journal = begin(tmp_path, named(0), "web")
    Journal(journal_of(tmp_path, named(1))).close()

    for number in range(2, 34):
        end(tmp_path, named(number))

    left = {folder.name for folder in (tmp_path / ".bakec/runs").iterdir()}
    assert named(0) in left
    assert named(1) not in left
    journal.close()


def test_a_report_that_can_not_be_written_is_said_and_old_runs_stay(tmp_path: Path) -> None:
    for number in range(31):
        begin(tmp_path, named(number)).close()
    (tmp_path / ".bakec/runs" / named(31) / "report.json").mkdir(parents=True)

    trouble = end(tmp_path, named(31))

    assert "Is a directory" in trouble
    assert len(run_ids(tmp_path)) == 32
