"""Failures in words: what failed where, how many attempts there were, and which images were blocked."""

import re
from collections.abc import Mapping
from itertools import groupby

from bake_compiler.buildx import Failure
from bake_compiler.report.report import GOOD, ImageResult, Outcome, Report
from bake_compiler.report.words.advice import advice
from bake_compiler.report.words.needs import all_needs

_EXITED = re.compile(r'process ".*" did not complete successfully: (exit code: \d+)', re.DOTALL)


def first_line(text: str) -> str:
    """The first line of a text."""
    return next(iter(text.splitlines()), "")


def headline(image: str, failure: Failure) -> str:
    """`nginx on linux/arm64 (Dockerfile:7, stage build): …`, in one line."""
    platform = f" on {failure.platform}" if failure.platform else ""
    where = ", ".join(part for part in (failure.line, f"stage {failure.stage}" if failure.stage else "") if part)
    return f"{image}{platform}{f' ({where})' if where else ''}: {first_line(cause(failure))}"


def cause(failure: Failure) -> str:
    """The cause of a failure. If its step is known, the step's command is left out, since the step is printed too."""
    exited = _EXITED.fullmatch(failure.cause) if failure.step else None
    return exited[1] if exited else failure.cause


def tries(image: ImageResult) -> str:
    """How many attempts a failed image had, and why not more. Empty if not known."""
    if not image.failure or not image.failure.fault:
        return ""
    known = advice(image)
    why = f"{known.why if known else 'bakec does not know whether that would help'} [{image.failure.fault}]"
    if len(image.attempts) > 1:
        often = f"tried {len(image.attempts)} times ({faults(image)})"
        return f"{often}: {why}" if image.failure.transient else f"{often}, not again: {why}"
    return f"tried once, which may not be enough: {why}" if image.failure.transient else f"not tried again: {why}"


def faults(image: ImageResult) -> str:
    """The faults that ended its attempts, in order: `reset x3, step`."""
    names = (each.failure.fault or each.failure.kind for each in image.attempts if each.failure)
    runs = ((name, len(list(run))) for name, run in groupby(names))
    return ", ".join(f"{name} x{count}" if count > 1 else name for name, count in runs)


def retried(report: Report) -> tuple[ImageResult, ...]:
    """The images that had more than one attempt and succeeded."""
    return tuple(image for image in report.images if image.retries and not image.failure)


def blocked(report: Report) -> Mapping[str, tuple[str, ...]]:
    """Reason, such as `blocked by hub` → the images that were not built for it."""
    failed = {image.name for image in report.images if is_bad(image) and not is_blocked(image)}
    needs = all_needs(report)
    groups: dict[str, tuple[str, ...]] = {}
    for image in filter(is_blocked, report.images):
        behind = sorted(failed & needs[image.name])
        why = next(cell.why for cell in image.cells if cell.outcome is Outcome.BLOCKED)
        key = f"blocked by {' and '.join(behind)}" if behind else f"blocked ({first_line(why)})"
        groups[key] = (*groups.get(key, ()), image.name)
    return groups


def is_bad(image: ImageResult) -> bool:
    """Whether an image did not end as expected."""
    return bool(image.failure or image.errors) or not all(cell.outcome in GOOD for cell in image.cells)


def is_blocked(image: ImageResult) -> bool:
    """Whether an image did not end as expected, for a reason outside the image."""
    return not image.failure and not image.errors and any(cell.outcome is Outcome.BLOCKED for cell in image.cells)
