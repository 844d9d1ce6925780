"""Events → where a run stands: each image, and the whole. Pure; times are those that the events carry."""

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
    """Where an image stands; the last three are ends."""

    WAITING = "waiting"
    BUILDING = "building"
    PAUSING = "pausing"
    VERIFYING = "verifying"
    BUILT = "built"
    FAILED = "failed"
    BLOCKED = "blocked"


ENDS = frozenset({LiveState.BUILT, LiveState.FAILED, LiveState.BLOCKED})


class RunningStep(NamedTuple):
    """A step that has begun, and when we heard of it: the builder's clock may be another."""

    step: Step
    since: float


@dataclass(frozen=True, slots=True)
class ImageState:
    """One image of a run.

    Attributes:
        expected: what was known of it before the run.
        state: where it stands.
        began: its first attempt, seconds since the epoch.
        attempt: this one or the last, from 1; 0 before the first.
        attempted: when this attempt began.
        steps: that run now, the longest running first.
        done, cached, total: steps of this attempt.
        until: of a pause: when the next attempt begins.
        ended: when it ended; 0 before.
        why: of a pause, a failure, or being blocked: the cause.
        result: all that is known of it in the end.
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
        """Of the image."""
        return self.expected.image

    @property
    def retries(self) -> int:
        """How many times it was attempted again."""
        return max(0, self.attempt - 1)

    def seconds(self, now: float) -> float | None:
        """How long it is taking, or took in the end; None when it has not begun."""
        if not self.attempt:
            return None
        return self.result.seconds if self.result else max(0.0, now - self.began)


@dataclass(frozen=True, slots=True)
class RunState:
    """The whole run.

    Attributes:
        run: its id; empty until it began.
        began: seconds since the epoch.
        images: by name, in plan order.
        slots: how many are built at once, at most.
        known: image → seconds that it took the last time.
        signing: how many images are being signed, until tags are moved.
        publishing: how many tags are being moved.
        stopping: whether it was asked to end.
        over: whether it has ended.
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
        """How many images are in which state."""
        return Counter(image.state for image in self.images.values())

    @property
    def ended(self) -> int:
        """How many images have ended."""
        return sum(image.state in ENDS for image in self.images.values())

    def waits_for(self, image: ImageState) -> tuple[str, ...]:
        """The images that it needs and that have not ended; none when it only waits for a slot."""
        return tuple(
            name for name in image.expected.needs if name in self.images and self.images[name].state not in ENDS
        )


def fold(run: RunState, event: Event) -> RunState:
    """Where the run stands after this event; one of an unknown image, or of one that has ended, changes nothing."""
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
    """How an image ended, and why if not well: its failure, what the verifier found, or what blocked it."""
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
