"""Documents of reports and events, read again."""

import json
from dataclasses import fields, replace
from typing import Any, get_args

import pytest
from hypothesis import given

from bake_compiler.buildx import Failure, Step
from bake_compiler.errors import BakecError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.plan.plan import Cell
from bake_compiler.report import Attempt, CellResult, ImageResult, Outcome, PlatformResult, Report
from bake_compiler.report.events import Event, ImageEnded, RunBegan, StepChanged
from bake_compiler.report.formats.json import render_json, report_document
from bake_compiler.report.stored.events import event_document, event_from_document
from bake_compiler.report.stored.report import report_from_document
from bake_compiler.verify import Finding
from tests.fakes import reports as made
from tests.fakes.documents import validator

ARM64 = Platform.parse("arm64")
RESET = Failure("reset by peer", "registry", ARM64, "app", "RUN a", "Dockerfile:2", ("x",), "a.log", "reset", True, 2)
WEB = ImageResult(
    name="web",
    reference="r.test/web:1",
    cells=(CellResult(Cell("web", ARM64), Outcome.BUILT),),
    tags=("r.test/web:latest",),
    platforms=(PlatformResult(ARM64, Digest.of(b"arm64"), 42),),
    digest=Digest.of(b"index"),
    seconds=3.5,
    findings=(Finding("web", ARM64, "label", "no title"),),
    phase="foundation",
    needs=("hub",),
    attempts=(
        Attempt(1, 10.0, 11.5, (Step("RUN make", ARM64, "app", 10.0, 11.0, error="no"),), RESET, 2.0),
        Attempt(2, 13.5, 14.0),
    ),
    began=10.0,
    ended=14.5,
)
REPORT = Report("build", "r.test", "1", (WEB,), (), published=True, run="r1", began=9.0, slots=2, resumes="r0")


@given(made.reports)
def test_a_report_read_again_says_the_same(report: Report) -> None:
    document = report_document(report)

    assert report_document(report_from_document(json.loads(json.dumps(document)))) == document
    assert json.loads(render_json(report)) == document
    validator("report").validate(document)


@given(made.events)
def test_an_event_read_again_says_the_same(event: Event) -> None:
    document = event_document(event)

    again = event_from_document(json.loads(json.dumps(document)))

    assert type(again) is type(event)
    assert event_document(again) == document
    validator("events").validate(document)


def test_what_was_written_is_what_is_read() -> None:
    assert report_from_document(report_document(REPORT)) == REPORT
    assert event_from_document(event_document(ImageEnded(1.5, WEB))) == ImageEnded(1.5, WEB)


def test_every_field_of_a_report_is_in_its_document() -> None:
    document = report_document(REPORT)

    assert {field.name for field in fields(Report)} <= set(document)
    assert {field.name for field in fields(ImageResult)} <= set(document["images"][0])
    attempt = document["images"][0]["attempts"][0]
    assert {field.name for field in fields(Attempt)} <= set(attempt)
    assert {field.name for field in fields(Step)} <= set(attempt["steps"][0])
    assert {field.name for field in fields(Failure)} <= set(attempt["failure"] or ())


def test_a_document_says_what_a_program_asks_first() -> None:
    document = report_document(REPORT)

    assert (document["critical_path"], document["cache_share"]) == (["web"], 0.0)
    assert document["slowest"] == [{"image": "web", "seconds": 3.5}]
    assert (document["images"][0]["retries"], document["run"], document["resumes"]) == (1, "r1", "r0")


def test_a_document_of_an_older_bakec_and_one_of_a_newer_are_read() -> None:
    cell = {"image": "web", "platform": "linux/arm64", "outcome": "built"}
    document = {
        "schema": "bakec.report/1",
        "verb": "build",
        "registry": "r.test",
        "tag": "1",
        "images": [{"name": "web", "reference": "r.test/web:1", "cells": [cell], "colour": "blue"}],
        "weather": {"sun": True},
    }

    report = report_from_document(document)

    assert report.exit_code == 0
    assert report.images[0] == ImageResult("web", "r.test/web:1", WEB.cells)


def test_a_platform_that_nobody_knows_is_kept() -> None:
    odd = [Platform("linux", "wasm32"), Platform("plan9", "mips", "r2"), Platform("", ""), Platform("a", "b/c", "d/e")]
    image = ImageResult("web", "r.test/web:1", tuple(CellResult(Cell("web", each), Outcome.FAILED) for each in odd))

    (again,) = report_from_document(report_document(replace(REPORT, images=(image,)))).images

    assert [cell.cell.platform for cell in again.cells][:2] == odd[:2]
    assert [str(cell.cell) for cell in again.cells] == [str(cell.cell) for cell in image.cells]


def change(document: Any, path: str, value: object) -> Any:
    *steps, last = (int(step) if step.isdecimal() else step for step in path.split("."))
    at = document
    for step in steps:
        at = at[step]
    at[last] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("schema", "bakec.plan/1", "report.schema: Input should be 'bakec.report/1'"),
        ("images", "none", "report.images: "),
        ("images.0", 7, "report.images.0: not an object"),
        ("images.0.digest", "sha256:1", "report.images.0.digest: Value error, 'sha256:1' is not a digest"),
        ("images.0.cells.0.outcome", "fine", "report.images.0.cells.0.outcome: "),
        ("images.0.cells.0.platform", None, "report.images.0.cells.0.platform: Value error, not a platform"),
        ("images.0.attempts.0.steps.0.name", 1, "report.images.0.attempts.0.steps.0.name: "),
        ("seconds", float("nan"), "report.seconds: "),
    ],
)
def test_a_mistake_in_a_document_is_told_with_its_place(path: str, value: object, told: str) -> None:
    with pytest.raises(BakecError) as caught:
        report_from_document(change(report_document(REPORT), path, value))

    assert caught.value.message.startswith(told)
    assert caught.value.hint


@pytest.mark.parametrize("document", [None, [], "x", {}, {"schema": "bakec.report/1"}])
def test_what_is_no_report_is_refused(document: object) -> None:
    with pytest.raises(BakecError, match=r"^report"):
        report_from_document(document)


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ([], "event: not an object"),
        ({}, "event.event: Field required"),
        ({"event": "party"}, "event: no event is called 'party'"),
        ({"event": "pushed", "at": 1.0, "image": "web", "digest": "x"}, "pushed.digest: "),
        ({"event": "run-began", "at": 1.0, "schema": "bakec.events/2"}, "run-began.schema: "),
    ],
)
def test_what_is_no_event_is_refused(document: object, told: str) -> None:
    with pytest.raises(BakecError) as caught:
        event_from_document(document)

    assert caught.value.message.startswith(told)


def test_events_are_named_as_their_classes_and_the_first_says_its_version() -> None:
    began = event_document(RunBegan(1.23456, "r1", (), 2, {"web": 3.00049}))

    assert list(began)[:3] == ["schema", "event", "at"]
    assert (began["schema"], began["event"], began["at"], began["seconds"]) == (
        *("bakec.events/1", "run-began", 1.235),
        {"web": 3.0},
    )
    changed = event_document(StepChanged(1.0, "web", Step("RUN make", ARM64), 1, 0, 4))
    assert (changed["event"], changed["step"]["platform"]) == ("step-changed", "linux/arm64")
    assert len(get_args(Event)) == 10
