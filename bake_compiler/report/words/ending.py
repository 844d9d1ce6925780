"""The end of a build in words: where its time went, what was tried again, and what to do next."""

from collections.abc import Iterator

from bake_compiler.report.report import ImageResult, Report
from bake_compiler.report.words.advice import registry, remedy
from bake_compiler.report.words.failures import faults, is_bad, retried
from bake_compiler.report.words.timing import cached_steps, critical_path, slowest
from bake_compiler.verify import UNCHECKED
from bake_compiler.words import counted

_SLOWEST, _SLOW_SECONDS = 3, 1.0
_MOST_REMEDIES = 2
_FINISH = "bakec release finish"


def figures(report: Report) -> Iterator[str]:
    """Yield lines with the slowest images, critical path, cache, retries, and kept images. Empty ones are left out."""
    slow = [image for image in slowest(report, _SLOWEST) if image.seconds >= _SLOW_SECONDS]
    if len(slow) > 1:
        yield f"slowest: {', '.join(f'{image.name} {image.seconds:.1f} s' for image in slow)}"
    path = critical_path(report)
    if len(path) > 1:
        images = {image.name: image for image in report.images}
        seconds = images[path[-1]].ended - images[path[0]].began
        yield f"critical path: {' → '.join(path)}, {seconds:.1f} s of {report.seconds:.1f} s"
    cached, steps = cached_steps(report)
    if steps:
        yield f"cache: {cached} of {steps} steps, {100 * cached / steps:.0f} %"
    again = [f"{image.name} ({faults(image)})" for image in retried(report)]
    if again:
        yield f"tried again with success: {', '.join(again)}"
    kept = sum(bool(image.kept_from) for image in report.images)
    if kept:
        yield f"kept from run {report.resumes}: {kept} of {counted(len(report.images), 'image')}"


def next_step(report: Report) -> str:
    """What to do after a build, in one line. After a success, the published tags. May be empty."""
    if report.verb != "build":
        return ""
    if report.exit_code == 0:
        return _published(report)
    again = "bakec build --resume" if report.run else "build again"
    bad = [image for image in report.images if is_bad(image)]
    if report.publish_error and not bad and (report.interrupted or _FINISH in report.publish_error):
        return f"next: {_FINISH} {report.run}, or bakec rollback {report.run}"
    remedies = list(dict.fromkeys(filter(None, map(_remedy, bad))))
    if len(remedies) > _MOST_REMEDIES:
        return f"next: do what the {len(remedies)} hints above say, then {again}"
    if remedies:
        return f"next: {'; '.join(remedies)}, then {again}"
    return f"next: {again} builds the {counted(len(bad), 'image')} left" if bad else f"next: {again} moves the tags"


def _published(report: Report) -> str:
    tags = [tag for image in report.images for tag in image.all_tags]
    if not report.published or not tags:
        return ""
    return f"published: {tags[0]}" if len(tags) == 1 else f"published: {len(tags)} tags, such as {tags[0]}"


def _remedy(image: ImageResult) -> str:
    if image.failure or not image.errors:
        return remedy(image)
    if all(finding.code == UNCHECKED for finding in image.errors):
        return f"check that {registry(image)} answers"
    return f"fix the findings of {image.name}"
