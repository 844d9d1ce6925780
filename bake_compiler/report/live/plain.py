"""Events as lines for a pipe: the important events, each when it happens. No control characters."""

from typing import TextIO, assert_never

from bake_compiler.buildx import Failure, Step
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
    Stopping,
)
from bake_compiler.report.live.state import LiveState, RunState, end_of, fold
from bake_compiler.report.live.words import after_retries, cause_words, count, lasting, one_line, step_words
from bake_compiler.report.report import ImageResult, Outcome

_LONGEST = 120  # letters of a step or a cause in one line; the log has the whole text
_CANCELED = "context canceled"  # BuildKit's error of a step that it stopped because another step failed
_STOPPING = "asked to stop: builds are ended; if tags are already moving, all of them are moved"
_WORTH_TELLING = 1.0  # seconds; faster steps are not printed


class Plain:
    """Writes a line at once for each important event. With `quiet`, only for images that failed in the end."""

    def __init__(self, stream: TextIO, *, quiet: bool = False) -> None:
        self._stream = stream
        self._quiet = quiet
        self._run = RunState()

    def __call__(self, event: Event) -> None:
        """Write the line for an event."""
        self._run = fold(self._run, event)
        failed = isinstance(event, ImageEnded) and end_of(event.result)[0] is LiveState.FAILED
        if (failed or isinstance(event, Stopping) or not self._quiet) and (line := line_of(self._run, event)):
            self._stream.write(f"{line}\n")
            self._stream.flush()


def line_of(run: RunState, event: Event) -> str:  # noqa: C901 - one case an event
    """The line for an event: the time since the run began as mm:ss, the image's name, and what happened.

    Empty if the event needs no line. A step gets a line when it ends, if it failed or took a second or more.

    Args:
        run: the state of the run after the event.
        event: the event.
    """
    match event:
        case RunBegan():
            image, words = "", _began(event)
        case AttemptBegan():
            image, words = event.image, "building" + (f" (attempt {event.attempt})" if event.attempt > 1 else "")
        case StepChanged():
            image, words = event.image, _step(event.step)
        case AttemptFailed():
            cause = f"{_cause(event.failure)}: again in {lasting(event.pause)}"
            image, words = event.image, f"failed attempt {event.attempt}: {cause}"
        case Pushed():
            image, words = event.image, f"pushed as sha256:{event.digest.short}, checking in the registry"
        case ImageEnded():
            image, words = event.result.name, f"[{run.ended}/{len(run.images)}] {_ended(event.result)}"
        case Signing():
            image, words = "", f"verified: signing {count(event.images, 'image')}"
        case Publishing():
            image, words = "", f"verified: moving {count(event.tags, 'tag')}"
        case Stopping():
            image, words = "", _STOPPING
        case RunEnded():
            return ""  # the report says it
        case _:
            assert_never(event)
    if not words:
        return ""
    width = max(map(len, run.images), default=0)
    minutes, seconds = divmod(int(max(0.0, event.at - run.began)) if run.run else 0, 60)
    return f"{minutes:02}:{seconds:02} {image:<{width}}  {words}" if image else f"{minutes:02}:{seconds:02} {words}"


def _began(event: RunBegan) -> str:
    builds = sum(len(image.platforms) for image in event.images)
    run = f"run {event.run}, resumes {event.resumes}" if event.resumes else f"run {event.run}"
    return f"{count(len(event.images), 'image')}, {count(builds, 'build')}, {event.slots} at once ({run})"


def _step(step: Step) -> str:
    took = step.ended - step.began
    if not step.ended or _CANCELED in step.error or not (step.error or (took >= _WORTH_TELLING and not step.cached)):
        return ""
    return f"{step_words(step, _LONGEST)}: {'failed after ' if step.error else ''}{lasting(took)}"


def _cause(failure: Failure) -> str:
    return one_line(cause_words(failure), _LONGEST) + (f" ({failure.fault})" if failure.fault else "")


def _ended(result: ImageResult) -> str:
    state, why = end_of(result)
    if state is LiveState.BLOCKED:
        return f"blocked: {one_line(why, _LONGEST)}"
    retries = f" {after_retries(result)}" if result.retries else ""
    if state is LiveState.FAILED:
        return f"failed{retries}: {_cause(result.failure) if result.failure else one_line(why, _LONGEST)}"
    if result.kept_from:
        return f"kept from run {result.kept_from}"
    outcomes = {cell.outcome for cell in result.cells}
    if Outcome.UNCHANGED in outcomes:
        return "unchanged: the registry has it, made from the same inputs"
    proof = next((f" and {outcome}" for outcome in (Outcome.VERIFIED, Outcome.LOADED) if outcome in outcomes), "")
    return f"built{proof} in {lasting(result.seconds)}{retries}"
