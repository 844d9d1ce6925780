"""The bars of the timeline: when each attempt, step, pause and verification of each image began and ended."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from bake_compiler.buildx import Step
from bake_compiler.oci.platform import Platform
from bake_compiler.report.report import Attempt, ImageResult, Report
from bake_compiler.report.words.timing import is_instruction

KINDS = ("attempt", "broken", "pause", "verification", "step", "cached", "transfer", "error")
"""The kinds of bars. First: attempt, failed attempt, pause before the next attempt, verification.

Then, for steps: a step
that ran, a cached step, a step outside of the Dockerfile, a failed step.
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """A period of time, in seconds since the run began.

    Attributes:
        kind: one of KINDS.
        began, ended: never before the run began; `ended` is never before `began`.
        label: the text of the bar.
        stage: the stage of a step. Empty otherwise.
        platform: the platform of a step. None if the step is for all platforms.
    """

    kind: str
    began: float
    ended: float
    label: str
    stage: str = ""
    platform: Platform | None = None


@dataclass(frozen=True, slots=True)
class Lane:
    """One image's bars.

    Those in `coarse` follow each other without overlap; those in `steps` lie within its attempts.
    """

    coarse: tuple[Bar, ...]
    steps: tuple[Bar, ...]


def lanes(report: Report) -> tuple[float, tuple[Lane, ...]]:
    """Return the length of the timeline in seconds, and a lane for each image, in the report's order."""
    begins = [image.began for image in report.images if image.began]
    start = min([report.began, *begins] if report.began else begins, default=0.0)
    drawn = tuple(
        Lane(tuple(_coarse(image, start)), tuple(bar for each in image.attempts for bar in _steps(each, start)))
        for image in report.images
    )
    return max([report.seconds, *(bar.ended for lane in drawn for bar in lane.coarse)], default=0.0), drawn


def _coarse(image: ImageResult, start: float) -> Iterator[Bar]:
    for attempt, following in pairwise((*image.attempts, None)):
        if attempt is None:
            continue
        kind = "broken" if attempt.failure else "attempt"
        yield _bar(kind, attempt.began - start, attempt.ended - start, f"attempt {attempt.number}")
        if following:
            yield _bar("pause", attempt.ended - start, following.began - start, "wait before another attempt")
    done = image.attempts[-1].ended if image.attempts else image.began
    if image.began and image.ended > done and not image.failure:
        yield _bar("verification", done - start, image.ended - start, "verification in the registry")


def _steps(attempt: Attempt, start: float) -> Iterator[Bar]:
    skew = _skew(attempt)
    for step in attempt.steps:
        began = min(max(step.began + skew, attempt.began), attempt.ended)
        ended = min(max(step.ended + skew, began), attempt.ended) if step.ended else attempt.ended
        yield _bar(_kind(step), began - start, ended - start, step.name, step.stage, step.platform)


def _skew(attempt: Attempt) -> float:
    """Seconds to add to the builder's clock.

    No step may end after the process that reported the step, and not all steps may end before that process began.
    """
    last = max((step.ended or step.began for step in attempt.steps), default=attempt.ended)
    late = last > attempt.ended
    return attempt.ended - last if late or last < attempt.began else 0.0


def _kind(step: Step) -> str:
    if step.error:
        return "error"
    if step.cached:
        return "cached"
    return (
        "step" if step.stage or is_instruction(step) else "transfer"
    )  # a step of a Dockerfile with one stage has no stage name


def _bar(kind: str, began: float, ended: float, label: str, stage: str = "", platform: Platform | None = None) -> Bar:
    return Bar(kind, max(0.0, began), max(0.0, began, ended), label, stage, platform)
