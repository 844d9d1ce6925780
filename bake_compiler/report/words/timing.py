"""Where the time of a run went. Pure: computed from the report."""

from collections import Counter
from collections.abc import Iterable, Iterator

from bake_compiler.buildx import Step
from bake_compiler.oci.platform import Platform
from bake_compiler.report.report import ImageResult, Report
from bake_compiler.report.words.needs import all_needs

_INSTRUCTIONS = ("ADD ", "COPY ", "RUN ", "WORKDIR ")  # other instructions take almost no time


def critical_path(report: Report) -> tuple[str, ...]:
    """The images that determined how long the run took, first to last. Empty if no image began.

    The path ends with the image that ended last. Before each image comes its need that ended last. If slots were short,
    an
    image may also have waited for images that it does not need; these are not on the path.
    """
    begun = {image.name: image for image in _begun(report)}
    path: list[str] = []
    last = _last(begun.values())
    while last and last.name not in path:
        path.insert(0, last.name)
        last = _last(begun[name] for name in last.needs if name in begun)
    return tuple(path)


def slowest(report: Report, count: int) -> tuple[ImageResult, ...]:
    """The `count` images that took longest in this run, the slowest first."""
    return tuple(sorted(_begun(report), key=lambda image: -round(image.seconds, 3))[:count])


def is_instruction(step: Step) -> bool:
    """Whether a step is an instruction of a Dockerfile that runs something. FROM only downloads."""
    return step.name.startswith(_INSTRUCTIONS)


def cached_steps(report: Report) -> tuple[int, int]:
    """How many Dockerfile steps of this run were cached, and how many there were.

    Each image counts only its own steps, not those of its needs. If a later attempt finds a step cached because an
    earlier
    attempt ran the step, the result of the earlier attempt counts.
    """
    found: Counter[bool] = Counter()
    needs = all_needs(report)
    for image in report.images:
        found.update(_cached(image, needs[image.name]))
    return found[True], found.total()


def cache_share(report: Report) -> float | None:
    """The share of cached Dockerfile steps, from 0 to 1. None if there was no step."""
    cached, steps = cached_steps(report)
    return cached / steps if steps else None


def _begun(report: Report) -> Iterator[ImageResult]:
    return (image for image in report.images if image.began and not image.kept_from)


def _last(images: Iterable[ImageResult]) -> ImageResult | None:
    """The image that ended last, to the millisecond. If there are several, the first."""
    return max(images, key=lambda image: round(image.ended, 3), default=None)


def _cached(image: ImageResult, needs: frozenset[str]) -> Iterator[bool]:
    known: set[tuple[Platform | None, str, str]] = set()
    for attempt in image.attempts:
        steps = [step for step in attempt.steps if is_instruction(step) and step.stage.partition("/")[0] not in needs]
        yield from (step.cached for step in steps if (step.platform, step.stage, step.name) not in known)
        known.update((step.platform, step.stage, step.name) for step in steps)
