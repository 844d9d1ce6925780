"""Computes the state of a run, and of each image, from events. Pure: all times come from the events."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, NamedTuple, assert_never

from bake_compiler.buildx import Step
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
    Signing,
    StepChanged,
    Stopping,
)
from bake_compiler.report.live.words import cause_words
from bake_compiler.report.report import ImageResult, Outcome


class LiveState(StrEnum):
    """The state of an image. The last three are ends."""

    WAITING = "waiting"
    BUILDING = "building"
    PAUSING = "pausing"
    VERIFYING = "verifying"
    BUILT = "built"
    FAILED = "failed"
    BLOCKED = "blocked"


ENDS = frozenset({LiveState.BUILT, LiveState.FAILED, LiveState.BLOCKED})


class RunningStep(NamedTuple):
    """A step that has begun, and when bakec read this. The builder's clock may differ."""

    step: Step
    since: float


@dataclass(frozen=True, slots=True)
class ImageState:
    """One image of a run.

    Attributes:
        expected: what was known about the image before the run.
        state: its state.
        began: when its first attempt began, in seconds since the epoch.
        attempt: the number of the current or last attempt, from 1. 0 before the first.
        attempted: when this attempt began.
        steps: the running steps, the longest running first.
        done, cached, total: numbers of steps in this attempt.
        until: during a pause: when the next attempt begins.
        ended: when the image ended. 0 before.
        why: the cause of a pause, of a failure, or of being blocked.
        result: the image's result, after it ended.
    """

    expected: Expected
    state: LiveState = LiveState.WAITING
    began: float = 0.0
    attempt: int = 0
    attempted: float = 0.0
    steps: tuple[RunningStep, ...] = ()
    done: int = 0
    cached: int = 0
    total: int = 0
    until: float = 0.0
    ended: float = 0.0
    why: str = ""
    result: ImageResult | None = None

    @property
    def name(self) -> str:
        """The image's name."""
        return self.expected.image

    @property
    def retries(self) -> int:
        """The number of retries."""
        return max(0, self.attempt - 1)

    def seconds(self, now: float) -> float | None:
        """How long the image has taken so far, or in the end. None if it has not begun."""
        if not self.attempt:
            return None
        return self.result.seconds if self.result else max(0.0, now - self.began)


@dataclass(frozen=True, slots=True)
class RunState:
    """The whole run.

    Attributes:
        run: the run's id. Empty before the run began.
        began: seconds since the epoch.
        images: the images by name, in the plan's order.
        slots: how many images are built at the same time, at most.
        known: image → seconds that its last build took.
        signing: how many images are being signed, until tags are moved.
        publishing: how many tags are being moved.
        stopping: whether the run was asked to stop.
        over: whether the run has ended.
    """

    run: str = ""
    began: float = 0.0
    images: Mapping[str, ImageState] = field(default_factory=dict)
    slots: int = 1
    known: Mapping[str, float] = field(default_factory=dict)
    signing: int = 0
    publishing: int = 0
    stopping: bool = False
    over: bool = False

    @property
    def counts(self) -> Counter[LiveState]:
        """State → number of images."""
        return Counter(image.state for image in self.images.values())

    @property
    def ended(self) -> int:
        """How many images have ended."""
        return sum(image.state in ENDS for image in self.images.values())

    def waits_for(self, image: ImageState) -> tuple[str, ...]:
        """The needs of an image that have not ended. Empty if the image only waits for a slot."""
        return tuple(
            name for name in image.expected.needs if name in self.images and self.images[name].state not in ENDS
        )


def fold(run: RunState, event: Event) -> RunState:
    """Return the state after this event.

    An event of an unknown image, or of an image that has ended, changes nothing.
    """
    match event:
        case RunBegan():
            images = {expected.image: ImageState(expected) for expected in event.images}
            return RunState(event.run, event.at, images, event.slots, event.seconds)
        case Signing() | Publishing() | Stopping() | RunEnded():
            return replace(run, **_of_run(event))
        case AttemptBegan() | StepChanged() | AttemptFailed() | Pushed() | ImageEnded():
            name = event.result.name if isinstance(event, ImageEnded) else event.image
            image = run.images.get(name)
            if image is None or image.state in ENDS:
                return run
            return replace(run, images={**run.images, name: replace(image, **_changes(image, event))})
        case _:
            assert_never(event)


def _of_run(event: Signing | Publishing | Stopping | RunEnded) -> dict[str, Any]:
    match event:
        case Signing():
            return {"signing": event.images}
        case Publishing():
            return {"publishing": event.tags}
        case Stopping():
            return {"stopping": True}
        case RunEnded():
            return {"over": True}
        case _:
            assert_never(event)


def _changes(
    image: ImageState, event: AttemptBegan | StepChanged | AttemptFailed | Pushed | ImageEnded
) -> dict[str, Any]:
    match event:
        case AttemptBegan():
            return {
                "state": LiveState.BUILDING,
                "began": image.began if image.attempt else event.at,
                "attempt": event.attempt,
                "attempted": event.at,
                **_AFRESH,
            }
        case StepChanged():
            counts = {"done": event.done, "cached": event.cached, "total": event.total}
            return {"steps": _steps(image.steps, event), **counts}
        case AttemptFailed():
            until = event.at + event.pause
            why = ": ".join(filter(None, (event.failure.fault, cause_words(event.failure))))
            return {"state": LiveState.PAUSING, "why": why, "until": until, "steps": ()}
        case Pushed():
            return {"state": LiveState.VERIFYING, "steps": ()}
        case ImageEnded():
            state, why = end_of(event.result)
            return {"state": state, "why": why, "result": event.result, "ended": event.at, "steps": ()}
        case _:
            assert_never(event)


_AFRESH: dict[str, Any] = {"why": "", "until": 0.0, "steps": (), "done": 0, "cached": 0, "total": 0}


def _steps(running: tuple[RunningStep, ...], event: StepChanged) -> tuple[RunningStep, ...]:
    step = event.step
    if not step.ended and any(_same(each.step, step) for each in running):
        return running
    others = tuple(each for each in running if not _same(each.step, step))
    return others if step.ended else (*others, RunningStep(step, event.at))


def _same(one: Step, other: Step) -> bool:
    return (one.name, one.platform, one.stage) == (other.name, other.platform, other.stage)


def end_of(result: ImageResult) -> tuple[LiveState, str]:
    """Return how an image ended, and the reason if it did not succeed: its failure, its finding, or what blocked it."""
    outcomes = {cell.outcome: cell.why for cell in reversed(result.cells)}
    if result.failure:
        return LiveState.FAILED, cause_words(result.failure)
    if Outcome.FAILED in outcomes:
        return LiveState.FAILED, outcomes[Outcome.FAILED]
    if result.errors:
        return LiveState.FAILED, result.errors[0].message
    if Outcome.BLOCKED in outcomes:
        return LiveState.BLOCKED, outcomes[Outcome.BLOCKED]
    return LiveState.BUILT, ""
