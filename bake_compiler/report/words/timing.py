"""Where the time of a run went: pure arithmetic on the report."""

from collections import Counter
from collections.abc import Iterable, Iterator

from bake_compiler.buildx import Step
from bake_compiler.oci.platform import Platform
from bake_compiler.report.report import ImageResult, Report
from bake_compiler.report.words.needs import all_needs

_INSTRUCTIONS = ("ADD ", "COPY ", "RUN ", "WORKDIR ")  # the others do nothing that takes time


def critical_path(report: Report) -> tuple[str, ...]:
    """The images that made the run as long as it was, first to last; empty when none was begun.

    It ends with the image that ended last, and goes back, from each image, to that one of its needs that ended last.
    Where slots were short, an image may have waited for others than its needs: those are not on the path.
    """
    begun = {image.name: image for image in _begun(report)}
    path: list[str] = []
    last = _last(begun.values())
    while last and last.name not in path:
        path.insert(0, last.name)
        last = _last(begun[name] for name in last.needs if name in begun)
    return tuple(path)


def slowest(report: Report, count: int) -> tuple[ImageResult, ...]:
    """So many images that took longest in this run, the slowest first."""
    return tuple(sorted(_begun(report), key=lambda image: -round(image.seconds, 3))[:count])


def is_instruction(step: Step) -> bool:
    """Whether a step is an instruction of a Dockerfile that does something; FROM only downloads."""
    return step.name.startswith(_INSTRUCTIONS)


def cached_steps(report: Report) -> tuple[int, int]:
    """How many of the Dockerfile steps of this run were cached, and how many there were.

    Each image has its own alone, not those of the images that it needs. A step that another attempt finds cached,
    because an earlier one has done it, counts as the earlier one found it.
    """
    found: Counter[bool] = Counter()
    needs = all_needs(report)
    for image in report.images:
        found.update(_cached(image, needs[image.name]))
    return found[True], found.total()


def cache_share(report: Report) -> float | None:
    """The part of the Dockerfile steps that was cached, from 0 to 1; None when there was no step."""
    cached, steps = cached_steps(report)
    return cached / steps if steps else None


def _begun(report: Report) -> Iterator[ImageResult]:
    return (image for image in report.images if image.began and not image.kept_from)


def _last(images: Iterable[ImageResult]) -> ImageResult | None:
    """The image that ended last, to the millisecond; of several, the first."""
    return max(images, key=lambda image: round(image.ended, 3), default=None)


def _cached(image: ImageResult, needs: frozenset[str]) -> Iterator[bool]:
    known: set[tuple[Platform | None, str, str]] = set()
    for attempt in image.attempts:
        steps = [step for step in attempt.steps if is_instruction(step) and step.stage.partition("/")[0] not in needs]
        yield from (step.cached for step in steps if (step.platform, step.stage, step.name) not in known)
        known.update((step.platform, step.stage, step.name) for step in steps)
