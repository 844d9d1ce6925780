"""What a screen shows of a run: everything that matters, and never more than fits."""

import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from bake_compiler.buildx import Step
from bake_compiler.oci.digest import Digest
from bake_compiler.report import Outcome
from bake_compiler.report.events import (
    AttemptBegan,
    AttemptFailed,
    Event,
    ImageEnded,
    Publishing,
    Pushed,
    Signing,
    StepChanged,
)
from bake_compiler.report.live.frame import frame
from bake_compiler.report.live.state import ENDS, LiveState, RunState, fold
from bake_compiler.report.live.time_left import TimeLeft, time_left
from benchmarks.live import BROKEN, PLATFORMS, RESET, MadeUp, made_up, result, stack, state_at

STACK = {expected.image: expected for expected in stack(13)}
MAKE = Step("RUN make", PLATFORMS[1], "build")


def lines(run: RunState, now: float, width: int = 80, height: int = 24, left: TimeLeft | None = None) -> list[str]:
    return ["".join(words.text for words in line).rstrip() for line in frame(run, left, now, width, height)]


def row(*events: Event, now: float = 60, image: str = "nginx", width: int = 80) -> str:
    run = state_at(made_up(13), -1)
    for event in (next(made_up(13).events()), *events):
        run = fold(run, event)
    return next(line for line in lines(run, now, width) if line.startswith(f"{image} "))


def test_nothing_is_shown_before_a_run_began() -> None:
    assert frame(RunState(), None, 0, 80, 24) == ()


def test_a_run_of_13_images_shows_each_in_its_place_on_80_columns() -> None:
    run = state_at(made_up(13, steps=10), 34.2)

    shown = lines(run, 34.2, left=time_left(run, 34.2))

    assert shown[0] == "image           phase      state     steps cached  time now"
    assert [line.split()[0] for line in shown[1:-1]] == list(STACK)
    assert shown[-1].startswith("6/13 images ━")
    assert shown[-1].endswith("─ 1 failed · 1 blocked · 0:34 · about 30 s left")


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], "nginx           foundation waiting                      waits for a free slot"),
        (
            [AttemptBegan(10, "nginx", 1), StepChanged(20, "nginx", MAKE, 7, 2, 12)],
            "nginx           foundation building   7/12      2  0:50 arm64 RUN make",
        ),
        (
            [AttemptBegan(10, "nginx", 1), AttemptFailed(50, "nginx", 1, RESET, 14)],
            "nginx           foundation pausing                 0:50 again in 4 s: reset: re…",
        ),
        (
            [AttemptBegan(10, "nginx", 2)],
            "nginx           foundation retry 1                 0:50",
        ),
        (
            [AttemptBegan(10, "nginx", 1), Pushed(40, "nginx", Digest.of(b""))],
            "nginx           foundation verifying               0:50 checking in the registry",
        ),
        (
            [AttemptBegan(10, "nginx", 1), ImageEnded(40, result(STACK["nginx"], Outcome.VERIFIED, seconds=31.7))],
            "nginx           foundation built                   0:31 verified: amd64, arm64",
        ),
        (
            [AttemptBegan(10, "nginx", 1), ImageEnded(40, result(STACK["nginx"], Outcome.FAILED, failure=BROKEN))],
            "nginx           foundation failed                  0:00 exit code 1: arm64 RUN …",
        ),
        (
            [ImageEnded(40, result(STACK["nginx"], Outcome.BLOCKED, why="needs \x1b[31mapphub"))],
            "nginx           foundation blocked                      needs [31mapphub",
        ),
        (
            [ImageEnded(40, replace(result(STACK["nginx"], Outcome.VERIFIED), kept_from="r1"))],
            "nginx           foundation built                        verified: amd64, arm64,…",
        ),
    ],
)
def test_a_row_says_where_an_image_stands(events: list[Event], expected: str) -> None:
    assert row(*events) == expected


def test_a_waiting_image_names_what_it_waits_for() -> None:
    assert row(image="slurm-master").endswith("waits for apphub")


def test_a_wide_screen_says_more() -> None:
    other = replace(MAKE, platform=PLATFORMS[0])
    events: list[Event] = [
        AttemptBegan(10, "nginx", 3),
        StepChanged(20, "nginx", MAKE, 7, 2, 12),
        StepChanged(30, "nginx", other, 7, 2, 12),
    ]

    shown = row(*events, width=200)

    assert shown.split()[:7] == ["nginx", "foundation", "retry", "2", "2", "7/12", "2"]
    assert shown.endswith("0:50  arm64 build: RUN make (0:40, 1 more step)")


def test_a_name_that_is_too_long_keeps_its_beginning_and_its_end() -> None:
    one, other = (replace(STACK["nginx"], image=f"authentication-gateway-{end}") for end in ("reader", "writer"))
    run = state_at(MadeUp((one, other)), 0)

    assert [line.split()[0] for line in lines(run, 1)[1:3]] == ["authenti…-reader", "authenti…-writer"]


def test_of_300_images_a_small_screen_shows_what_is_built_then_failures_then_what_just_ended() -> None:
    run = state_at(made_up(300, steps=10), 420)

    shown = lines(run, 420)

    states = [line.split()[2] for line in shown[1:-2]]
    assert len(shown) == 23
    assert states == ["building"] * 6 + ["failed"] * 2 + ["built"] * 12
    hidden = run.counts[LiveState.BUILT] - 12
    assert shown[-2] == f"… {run.counts[LiveState.WAITING]} waiting, {hidden} built"
    assert shown[-1].startswith(f"{run.ended}/300 images ")


def test_a_bound_is_not_told_as_an_estimate_and_nothing_is_told_without_one() -> None:
    run = state_at(made_up(13), 30)

    assert lines(run, 30, left=TimeLeft(400, at_least=True))[-1].endswith("· at least 7 min left")
    assert lines(run, 30)[-1].endswith(" 0:30")


def test_signing_and_publishing_are_said_in_place_of_the_time_left() -> None:
    run = fold(state_at(made_up(13), 30), Signing(30, 13))

    assert lines(run, 30, left=TimeLeft(400, at_least=True))[-1].endswith(" 0:30 · signing 13 images")

    run = fold(run, Publishing(30, 26))

    assert lines(run, 30, left=TimeLeft(400, at_least=True))[-1].endswith(" 0:30 · moving 26 tags")


def test_a_bar_says_by_its_form_what_is_done() -> None:
    run = state_at(made_up(13), 1000)

    assert "─" not in lines(run, 1000)[-1]


LETTERS = st.text(st.one_of(st.characters(), st.sampled_from("\x1b[]\r\n\t\u200d\ufe0f日本⚠👩")), max_size=80)


@st.composite
def moments(draw: st.DrawFn) -> tuple[RunState, float]:
    """Any moment of any run, of images and steps that are called anything."""
    count = draw(st.sampled_from((1, 13, 40)))
    named = draw(st.lists(LETTERS, min_size=1, max_size=5))
    name = st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=60)
    images = stack(count)
    if draw(st.booleans()):
        chosen = draw(st.lists(name, min_size=count, max_size=count, unique=True))
        images = tuple(replace(image, image=new, needs=()) for image, new in zip(images, chosen, strict=True))
    some = st.frozensets(st.sampled_from([image.image for image in images]), max_size=4)
    run = replace(
        made_up(count, began=1.8e9, steps=4), images=images, failing=draw(some), shaky=draw(some), named=named
    )
    seconds = draw(st.floats(0, 150))
    return state_at(run, seconds), run.began + seconds


@given(moments(), st.integers(1, 250), st.integers(1, 70))
def test_no_moment_is_wider_or_higher_than_the_screen(moment: tuple[RunState, float], width: int, height: int) -> None:
    run, now = moment

    shown = frame(run, time_left(run, now), now, width, height)

    assert 1 <= len(shown) <= max(1, height - 1)
    for line in shown:
        text = "".join(words.text for words in line)
        assert sum(cell_len(words.text) for words in line) <= width
        assert cell_len(text) <= width
        assert text.isprintable()


@given(moments(), st.integers(80, 250), st.integers(12, 70))
def test_every_image_is_shown_or_counted(moment: tuple[RunState, float], width: int, height: int) -> None:
    run, now = moment

    *rows, bar = lines(run, now, width, height)

    summed = [line for line in rows if line.startswith("… ")]
    counted = sum(int(word) for line in summed for word in line.split() if word.isdecimal())
    assert len(rows) - 1 - len(summed) + counted == len(run.images)
    assert bar.startswith(f"{sum(image.state in ENDS for image in run.images.values())}/{len(run.images)} images")
