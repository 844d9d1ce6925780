"""What a pipe is told while a run goes on, and which way of telling is picked."""

import io
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake_compiler.buildx import Failure, Step
from bake_compiler.oci.digest import Digest
from bake_compiler.report import Attempt, Outcome
from bake_compiler.report.events import (
    AttemptBegan,
    AttemptFailed,
    Event,
    ImageEnded,
    Publishing,
    Pushed,
    RunBegan,
    RunEnded,
    Signing,
    StepChanged,
)
from bake_compiler.report.live import watch
from bake_compiler.report.stored.events import event_document
from benchmarks.live import BROKEN, PLATFORMS, RESET, made_up, result, stack

AMD64, ARM64 = PLATFORMS
IMAGES = {image.image: image for image in stack(13)}
BEGAN = RunBegan(1000, "r2", (IMAGES["nginx"], IMAGES["backend-init"]), 4, {})
GO = Step("RUN go build", ARM64, "build", began=7.0, ended=18.25)
RETRIED = (Attempt(1, 0, 0), Attempt(2, 0, 0), Attempt(3, 0, 0))


def told(*events: Event, **how: bool) -> str:
    stream = io.StringIO()
    picked = {"terminal": False, "plain": False, "quiet": False, "as_json": False, **how}
    with watch(stream, environ={"TERM": "xterm"}, **picked) as tell:
        for event in events:
            tell(event)
    return stream.getvalue()


def ended(outcome: Outcome, why: str = "", failure: Failure | None = None, **fields: object) -> ImageEnded:
    one = result(IMAGES["nginx"], outcome, why=why, failure=failure, seconds=12.34)
    return ImageEnded(1125, replace(one, **fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (AttemptBegan(1000, "nginx", 1), "00:00 nginx         building"),
        (AttemptBegan(1065.9, "nginx", 2), "01:05 nginx         building (attempt 2)"),
        (StepChanged(5000, "backend-init", GO, 3, 0, 5), "66:40 backend-init  arm64 build: RUN go build: 11.2 s"),
        (
            StepChanged(1018, "nginx", Step("pushing layers", began=1, ended=90), 3, 0, 5),
            "00:18 nginx         pushing layers: 1 min 29 s",
        ),
        (
            StepChanged(1018, "nginx", replace(GO, ended=7.1, error="exit code: 1"), 3, 0, 5),
            "00:18 nginx         arm64 build: RUN go build: failed after 0.1 s",
        ),
        (
            AttemptFailed(1020, "nginx", 1, RESET, 4.0),
            f"00:20 nginx         failed attempt 1: {RESET.cause} (reset): again in 4.0 s",
        ),
        (
            Pushed(1030, "nginx", Digest("sha256", "0123456789abcdef" * 4)),
            "00:30 nginx         pushed as sha256:0123456789ab, checking in the registry",
        ),
        (ended(Outcome.VERIFIED), "02:05 nginx         [1/2] built and verified in 12.3 s"),
        (ended(Outcome.LOADED), "02:05 nginx         [1/2] built and loaded in 12.3 s"),
        (ended(Outcome.BUILT), "02:05 nginx         [1/2] built in 12.3 s"),
        (
            ended(Outcome.VERIFIED, attempts=RETRIED),
            "02:05 nginx         [1/2] built and verified in 12.3 s after 2 retries",
        ),
        (ended(Outcome.VERIFIED, kept_from="r1"), "02:05 nginx         [1/2] kept from run r1"),
        (
            ended(Outcome.FAILED, failure=BROKEN),
            "02:05 nginx         [1/2] failed: exit code 1: arm64 RUN npm ci && npm run build",
        ),
        (
            ended(Outcome.FAILED, failure=RESET, attempts=RETRIED[:2]),
            f"02:05 nginx         [1/2] failed after 1 retry: {RESET.cause} (reset)",
        ),
        (ended(Outcome.FAILED, "missing: no index"), "02:05 nginx         [1/2] failed: missing: no index"),
        (
            ended(Outcome.BLOCKED, "needs apphub, which failed"),
            "02:05 nginx         [1/2] blocked: needs apphub, which failed",
        ),
        (Signing(1130, 1), "02:10 verified: signing 1 image"),
        (Publishing(1130, 2), "02:10 verified: moving 2 tags"),
    ],
)
def test_a_line_says_when_and_of_which_image_and_what(event: Event, expected: str) -> None:
    assert told(BEGAN, event).splitlines() == ["00:00 2 images, 4 builds, 4 at once (run r2)", expected]


@pytest.mark.parametrize(
    "event",
    [
        StepChanged(1001, "nginx", replace(GO, ended=0.0), 3, 0, 5),
        StepChanged(1001, "nginx", replace(GO, ended=7.9), 3, 0, 5),
        StepChanged(1001, "nginx", replace(GO, cached=True), 3, 0, 5),
        StepChanged(1001, "nginx", replace(GO, error="Canceled: context canceled"), 3, 0, 5),
        RunEnded(1001, "r2", 0, "2 images"),
    ],
    ids=["begins", "takes less than a second", "is cached", "another one failed", "the report says it"],
)
def test_what_nobody_misses_is_not_told(event: Event) -> None:
    assert told(BEGAN, event) == told(BEGAN)


def test_a_resumed_run_says_which() -> None:
    assert told(replace(BEGAN, resumes="r1")) == "00:00 2 images, 4 builds, 4 at once (run r2, resumes r1)\n"


def test_quiet_tells_failures_only() -> None:
    events = (
        *(BEGAN, AttemptBegan(1000, "nginx", 1), AttemptFailed(1001, "nginx", 1, RESET, 4.0)),
        *(ended(Outcome.FAILED, failure=BROKEN), ended(Outcome.BLOCKED), Publishing(1130, 2)),
    )

    assert told(*events, quiet=True, terminal=True).splitlines() == [
        "02:05 nginx         [1/2] failed: exit code 1: arm64 RUN npm ci && npm run build"
    ]


def test_json_is_a_line_for_each_event_whatever_else_is_asked_for() -> None:
    events = list(made_up(13, steps=2).events())

    lines = told(*events, as_json=True, quiet=True, terminal=True).splitlines()

    assert [json.loads(line) for line in lines] == [json.loads(json.dumps(event_document(event))) for event in events]


@given(st.text(max_size=300), st.text(max_size=2000))
def test_a_pipe_gets_whole_lines_without_control_characters(name: str, cause: str) -> None:
    events = (
        *(BEGAN, StepChanged(1001, "nginx", replace(GO, name=name, stage=name), 3, 0, 5)),
        *(AttemptFailed(1020, "nginx", 1, Failure(cause), 4.0), ended(Outcome.FAILED, failure=Failure(cause))),
    )

    lines = told(*events).split("\n")

    assert len(lines) == len(events) + 1
    assert all(line.isprintable() and len(line) < 200 for line in lines)


def test_each_line_is_written_at_once() -> None:
    class Flushed(io.StringIO):
        seen = 0

        def flush(self) -> None:
            self.seen = len(self.getvalue())

    stream = Flushed()
    with watch(stream, terminal=False, plain=True, quiet=False, as_json=False, environ={}) as tell:
        tell(BEGAN)

        assert stream.seen == len(told(BEGAN))


class Terminal(io.StringIO):
    encoding = "utf-8"


class Latin(io.StringIO):
    encoding = "latin-1"


@pytest.mark.parametrize(
    ("stream", "environ", "plain"),
    [
        (Terminal, {"TERM": "xterm"}, True),
        (Terminal, {"TERM": "dumb"}, False),
        (Terminal, {}, False),
        (Terminal, {"TERM": "xterm", "CI": "true"}, False),
        (Latin, {"TERM": "xterm"}, False),
    ],
    ids=["asked for", "dumb", "of no kind", "in CI", "no Unicode"],
)
def test_a_terminal_that_nobody_can_draw_on_gets_lines(
    stream: Callable[[], io.StringIO], environ: dict[str, str], plain: bool
) -> None:
    out = stream()

    with watch(out, terminal=True, plain=plain, quiet=False, as_json=False, environ=environ) as tell:
        tell(BEGAN)

    assert out.getvalue() == told(BEGAN)
