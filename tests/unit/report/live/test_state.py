"""Where a run stands after each of its events, and how long it will still take."""

import string
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake_compiler.buildx import Failure, Step
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.report import Outcome
from bake_compiler.report.events import (
    AttemptBegan,
    AttemptFailed,
    Event,
    Expected,
    ImageEnded,
    Publishing,
    Pushed,
    RunBegan,
    RunEnded,
    StepChanged,
)
from bake_compiler.report.live.state import ENDS, LiveState, RunState, fold
from bake_compiler.report.live.time_left import TimeLeft, time_left
from bake_compiler.verify import Finding
from benchmarks.live import MadeUp, result

ARM64 = Platform.parse("arm64")
BASE = Expected("base", "foundation", (ARM64,))
WEB = Expected("web", "apps", (ARM64,), needs=("base", "of-another-run"))
MAKE = Step("RUN make", ARM64, "build", began=5.0)
RESET = Failure("connection reset by peer", kind="registry", fault="reset")
BEGAN = RunBegan(100.0, "r1", (BASE, WEB), 2, {"base": 60.0, "web": 30.0})


def after(*events: Event, began: RunBegan = BEGAN) -> RunState:
    run = fold(RunState(), began)
    for event in events:
        run = fold(run, event)
    return run


def test_everything_waits_for_what_it_needs_at_first() -> None:
    run = after()

    assert run.counts == {LiveState.WAITING: 2}
    assert run.waits_for(run.images["web"]) == ("base",)
    assert run.images["base"].seconds(now=104) is None


def test_a_build_has_steps_the_longest_running_first_and_counts_them() -> None:
    copy = Step("COPY . .", None, "build", began=6.0)
    run = after(
        AttemptBegan(101, "base", 1),
        StepChanged(102, "base", MAKE, 0, 0, 5),
        StepChanged(103, "base", copy, 1, 1, 5),
        StepChanged(104, "base", MAKE, 1, 1, 5),
    )

    base = run.images["base"]
    assert base.state is LiveState.BUILDING
    assert [(running.step.name, running.since) for running in base.steps] == [("RUN make", 102), ("COPY . .", 103)]
    assert (base.done, base.cached, base.total) == (1, 1, 5)
    assert base.seconds(now=111) == 10

    ended = fold(run, StepChanged(105, "base", replace(MAKE, ended=9.0), 2, 1, 5))
    assert [running.step.name for running in ended.images["base"].steps] == ["COPY . ."]


def test_the_same_step_of_two_platforms_is_two_steps() -> None:
    other = replace(MAKE, platform=Platform.parse("amd64"))
    run = after(
        AttemptBegan(101, "base", 1),
        StepChanged(102, "base", MAKE, 0, 0, 2),
        StepChanged(103, "base", other, 0, 0, 2),
        StepChanged(104, "base", replace(MAKE, ended=8.0), 1, 0, 2),
    )

    assert [running.step for running in run.images["base"].steps] == [other]


def test_a_pause_says_why_and_until_when_and_the_next_attempt_begins_afresh() -> None:
    run = after(
        AttemptBegan(101, "base", 1),
        StepChanged(102, "base", MAKE, 3, 0, 5),
        AttemptFailed(110, "base", 1, RESET, 4.0),
    )

    paused = run.images["base"]
    assert (paused.state, paused.why, paused.until) == (LiveState.PAUSING, "reset: connection reset by peer", 114)
    again = fold(run, AttemptBegan(114, "base", 2)).images["base"]
    assert (again.state, again.retries, again.why, again.done, again.steps) == (LiveState.BUILDING, 1, "", 0, ())
    assert again.seconds(now=121) == 20


@pytest.mark.parametrize(
    ("outcome", "why", "state"),
    [
        (Outcome.VERIFIED, "", LiveState.BUILT),
        (Outcome.LOADED, "", LiveState.BUILT),
        (Outcome.FAILED, "platform-missing: no arm64", LiveState.FAILED),
        (Outcome.BLOCKED, "needs base, which failed", LiveState.BLOCKED),
    ],
)
def test_an_image_ends_as_its_cells_do(outcome: Outcome, why: str, state: LiveState) -> None:
    run = after(AttemptBegan(101, "base", 1), ImageEnded(120, result(BASE, outcome, why=why, seconds=19.5)))

    base = run.images["base"]
    assert (base.state, base.why, base.seconds(now=500)) == (state, why, 19.5)
    assert run.ended == 1
    assert run.waits_for(run.images["web"]) == ()


def test_a_finding_that_takes_the_proof_away_is_a_failure() -> None:
    lie = Finding("base", ARM64, "platform-lie", "says arm64, is amd64", "")

    run = after(ImageEnded(120, replace(result(BASE, Outcome.VERIFIED), findings=(lie,))))

    assert (run.images["base"].state, run.images["base"].why) == (LiveState.FAILED, "says arm64, is amd64")


def test_a_command_that_failed_is_named_by_its_exit_code_and_step() -> None:
    cause = 'process "/bin/sh -c make" did not complete successfully: exit code: 2'
    failure = Failure(cause, platform=ARM64, stage="build", step="RUN make")

    run = after(ImageEnded(120, result(BASE, Outcome.FAILED, failure=failure)))

    assert run.images["base"].why == "exit code 2: arm64 RUN make"


def test_what_is_told_of_an_image_that_ended_or_that_nobody_knows_changes_nothing() -> None:
    run = after(ImageEnded(120, result(BASE, Outcome.VERIFIED)))

    assert fold(run, AttemptBegan(121, "base", 2)) == run
    assert fold(run, AttemptBegan(121, "stranger", 1)) == run
    assert fold(RunState(), Pushed(1, "base", Digest.of(b""))) == RunState()


def test_publishing_and_the_end_are_known() -> None:
    run = after(Publishing(200, 26), RunEnded(201, "r1", 0, "2 images"))

    assert (run.publishing, run.over) == (26, True)


def test_time_left_is_the_way_through_what_is_needed() -> None:
    assert time_left(after(), 100) == TimeLeft(90, at_least=False)
    assert time_left(after(AttemptBegan(100, "base", 1)), 120) == TimeLeft(70, at_least=False)


def test_time_left_reckons_with_slots() -> None:
    alone = replace(BEGAN, images=(BASE, replace(WEB, needs=())))

    assert time_left(after(began=replace(alone, slots=2)), 100) == TimeLeft(60, at_least=False)
    assert time_left(after(began=replace(alone, slots=1)), 100) == TimeLeft(90, at_least=False)


def test_time_left_reckons_with_a_pause() -> None:
    run = after(AttemptBegan(100, "base", 1), AttemptFailed(110, "base", 1, RESET, 10.0))

    assert time_left(run, 115) == TimeLeft(5 + 60 + 30, at_least=False)


def test_time_left_is_a_bound_once_an_image_is_overdue() -> None:
    run = after(AttemptBegan(100, "base", 1))

    assert time_left(run, 170) == TimeLeft(30, at_least=True)


def test_no_time_left_is_told_while_it_cannot_be_known() -> None:
    new = replace(BEGAN, seconds={"base": 60.0})
    last = after(ImageEnded(160, result(BASE, Outcome.VERIFIED)), AttemptBegan(160, "web", 1))
    over = fold(last, ImageEnded(195, result(WEB, Outcome.VERIFIED)))

    assert time_left(after(began=new), 100) is None
    assert time_left(last, 200) is None
    assert time_left(over, 200) is None


@st.composite
def runs(draw: st.DrawFn) -> MadeUp:
    """Runs of images that need earlier ones; some fail, some are attempted again, their steps are called anything."""
    name = st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=60)
    chosen = draw(st.lists(name, min_size=1, max_size=30, unique=True))
    images = tuple(
        Expected(image, draw(name), (ARM64,), tuple(draw(st.sets(st.sampled_from(chosen[:number])))) if number else ())
        for number, image in enumerate(chosen)
    )
    some = st.frozensets(st.sampled_from(chosen))
    known = draw(st.dictionaries(st.sampled_from(chosen), st.floats(0, 1e5)))
    steps = draw(st.lists(st.text(max_size=40), min_size=1, max_size=5))
    return MadeUp(images, 6, draw(st.sampled_from((0.5, 300.0))), draw(some), draw(some), known, 1.8e9, steps)


@given(runs(), st.data())
def test_at_each_moment_of_any_run_every_image_is_in_one_state(run: MadeUp, data: st.DataObject) -> None:
    events = list(run.events())
    upto = data.draw(st.integers(1, len(events)))
    state = RunState()
    for event in events[:upto]:
        before, state = state, fold(state, event)
        assert state.ended >= before.ended

    assert sum(state.counts.values()) == len(run.images)
    assert state.ended == sum(state.counts[end] for end in ENDS)
    assert all(image.done <= image.total and image.cached <= image.done for image in state.images.values())
    left = time_left(state, events[upto - 1].at)
    assert left is None or left.seconds > 0
    if upto == len(events):
        blocked = Counter(image.state for image in state.images.values())[LiveState.BLOCKED]
        assert state.counts[LiveState.FAILED] + blocked + state.counts[LiveState.BUILT] == len(run.images)
