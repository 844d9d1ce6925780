"""Texts that the live view and plain lines share: durations, steps, and output of a build in one line."""

import re

from bake_compiler.buildx import Failure, Step
from bake_compiler.oci.platform import Platform
from bake_compiler.report.report import ImageResult
from bake_compiler.report.words.lines import printable

_LONGEST = 1000  # letters of a text that are read: a RUN may be a whole script


def one_line(text: str, longest: int = _LONGEST) -> str:
    """The text without control characters and line breaks, cut to `longest` letters."""
    line = " ".join(printable(text[: longest + _LONGEST]).split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def clock(seconds: float) -> str:
    """The duration as minutes and seconds: `4:05`."""
    minutes, rest = divmod(int(max(0.0, seconds)), 60)
    return f"{minutes}:{rest:02}"


def lasting(seconds: float) -> str:
    """The duration as text: `12.3 s`, `4 min 5 s`."""
    if seconds < 60:  # noqa: PLR2004 - seconds of a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def roughly(seconds: float) -> str:
    """An estimated duration as text: `40 s`, `7 min`, `2 h 10 min`."""
    if seconds < 55:  # noqa: PLR2004 - rounds up to 50 s
        return f"{max(1, round(seconds / 5)) * 5} s"
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    return f"{minutes} min" if not hours else f"{hours} h {rest // 10 * 10} min" if rest >= 10 else f"{hours} h"  # noqa: PLR2004


def short(platform: Platform) -> str:
    """The short form of a platform: `arm64`. If its system is not Linux, with the system."""
    return str(platform).removeprefix("linux/")


def step_words(step: Step, longest: int = _LONGEST, *, staged: bool = True) -> str:
    """A step with its platform and its stage: `arm64 build: RUN make`. Without the stage: `arm64 RUN make`."""
    stage = f"{step.stage}:" if step.stage and staged else ""
    return one_line(_after(step.platform, stage, step.name), longest)


def cause_words(failure: Failure) -> str:
    """The shortest text for why a build failed.

    For a command: its exit code and its step, instead of the whole error.
    """
    exited = _EXITED.search(failure.cause)
    if exited and failure.step:
        return one_line(f"exit code {exited[1]}: {_after(failure.platform, failure.step)}")
    return one_line(failure.cause)


# BuildKit's solver/llbsolver/errdefs/exec.go: `process "/bin/sh -c make" did not complete successfully: exit code: 2`.
_EXITED = re.compile(r"did not complete successfully: exit code: (\d+)\s*$")


def _after(platform: Platform | None, *words: str) -> str:
    return " ".join(filter(None, (short(platform) if platform else "", *words)))


def cells_words(result: ImageResult) -> str:
    """How the successful cells of an image ended: `verified: amd64, arm64`."""
    outcomes = sorted({cell.outcome for cell in result.cells})
    ended = {
        outcome: ", ".join(short(cell.cell.platform) for cell in result.cells if cell.outcome is outcome)
        for outcome in outcomes
    }
    return "; ".join(f"{outcome}: {platforms}" for outcome, platforms in ended.items())


def after_retries(result: ImageResult) -> str:
    """The number of retries as text: `after 2 retries`. Empty if there were none."""
    return f"after {count(result.retries, 'retry', 'retries')}" if result.retries else ""


def count(number: int, one: str, many: str = "") -> str:
    """A number and what it counts: `1 image`, `2 images`."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"
