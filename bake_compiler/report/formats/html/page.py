"""The content of the HTML page: the verdict, next steps, a row for each image, failures, and where the time went."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from bake_compiler.oci.platform import Platform
from bake_compiler.report.formats.html.timeline import Lane, lanes
from bake_compiler.report.formats.html.words import duration, size
from bake_compiler.report.report import CellResult, ImageResult, Outcome, Report
from bake_compiler.report.words.advice import advice
from bake_compiler.report.words.failures import blocked, cause, retried
from bake_compiler.report.words.timing import cached_steps, critical_path, slowest
from bake_compiler.verify import Finding, Severity
from bake_compiler.words import counted

_LONGEST = 8  # entries in the lists of the slowest and the largest images
_WORST_FIRST = (
    Outcome.FAILED,
    Outcome.BLOCKED,
    Outcome.BUILT,
    Outcome.UNCHANGED,
    Outcome.VERIFIED,
    Outcome.LOADED,
    Outcome.EXCLUDED,
)
_STEPS = 3  # failures in "what to do next"


@dataclass(frozen=True)
class Row:
    """One image in the table.

    Attributes:
        name: the image's name.
        image: its result. None if the image is excluded on all platforms.
        lane: its bars.
        cells: its cell for each platform of the page. None if the image is not for that platform.
        sizes: platform → bytes.
        critical: whether the image is on the critical path.
    """

    name: str
    image: ImageResult | None
    lane: Lane
    cells: tuple[CellResult | None, ...]
    sizes: dict[Platform, int]
    critical: bool

    @property
    def outcomes(self) -> str:
        """The outcomes that occur, separated by spaces."""
        return " ".join(sorted({str(cell.outcome) for cell in self.cells if cell}))

    @property
    def phase(self) -> str:
        """The name of its phase. Empty if the phase is not known."""
        return self.image.phase if self.image else ""


@dataclass(frozen=True)
class Page:
    """The content of the page for a report."""

    report: Report

    @property
    def state(self) -> str:
        """`good`, `stopped` or `bad`: the colour of the verdict."""
        if self.report.interrupted:
            return "stopped"
        return "bad" if self.report.exit_code else "good"

    @property
    def verdict(self) -> str:
        """The result of the run in one sentence."""
        report = self.report
        built = report.verb == "build"
        if report.interrupted:
            return "The run was interrupted."
        if not report.exit_code:
            if not built:
                return "The registry holds what was promised."
            return "Everything is built, verified and published." if report.published else "Everything is built."
        counts = report.counts
        bad = [f"{counts[outcome]} {outcome}" for outcome in (Outcome.FAILED, Outcome.BLOCKED) if outcome in counts]
        told = f"{' and '.join(bad)} of {counted(len(report.cells), 'cell')}" if bad else "not everything is verified"
        if report.publish_error:
            told = "the public tags could not be moved" if not bad else told
        if not report.publish_error:
            told += {True: "; the rest is published", False: "; nothing was published", None: ""}[report.published]
        return f"{told[0].upper()}{told[1:]}."

    @property
    def next_steps(self) -> tuple[tuple[str, str], ...]:
        """What a person does next: for each step a text, and a command or place. Empty if there is nothing to do."""
        failed = self.failed
        steps = [_to_fix(image) for image in failed[:_STEPS]]
        if len(failed) > _STEPS:
            steps.append((f"And {len(failed) - _STEPS} more, below.", ""))
        if not failed:
            steps += [(f"{each.image}: {each.hint}", "") for each in self.findings if _is_error(each) and each.hint][
                :_STEPS
            ]
        if self.report.exit_code and self.report.verb == "build":
            steps.append(("Continue; images that are done are kept:", "bakec build --resume"))
        elif self.report.exit_code:
            steps.append(("Look again:", "bakec verify"))
        return tuple(steps)

    @property
    def counts(self) -> tuple[tuple[str, int], ...]:
        """Outcome → number of cells, bad outcomes first."""
        counts = self.report.counts
        return tuple((outcome, counts[outcome]) for outcome in _WORST_FIRST if outcome in counts)

    @property
    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield the main facts of the run: a name and its value."""
        report = self.report
        yield "images", str(len(report.images))
        yield "cells", ", ".join(f"{count} {outcome}" for outcome, count in self.counts)
        yield "wall time", duration(report.seconds)
        if report.slots:
            yield "at once", str(report.slots)
        cached, steps = cached_steps(report)
        if steps:
            yield "steps from cache", f"{cached} of {steps}, {cached / steps:.0%}"
        retries = sum(image.retries for image in report.images)
        if retries:
            yield "attempts again", str(retries)
        if stored := sum(self.sizes_by_platform.values()):
            yield "stored", size(stored)
        kept = sum(bool(image.kept_from) for image in report.images)
        if kept:
            yield "kept", f"{counted(kept, 'image')} of {report.resumes}"

    @property
    def began(self) -> str:
        """Date and time when the run began. Empty if not known."""
        return (
            datetime.fromtimestamp(self.report.began, UTC).strftime("%d %B %Y, %H:%M UTC") if self.report.began else ""
        )

    @property
    def failed(self) -> tuple[ImageResult, ...]:
        """The images whose build failed."""
        return tuple(image for image in self.report.images if image.failure)

    @property
    def retried(self) -> tuple[ImageResult, ...]:
        """The images that needed more than one attempt and succeeded."""
        return retried(self.report)

    @property
    def blocked(self) -> Mapping[str, tuple[str, ...]]:
        """Reason → the images that were blocked for it."""
        return blocked(self.report)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings of the verification, errors first."""
        every = (finding for image in self.report.images for finding in image.findings)
        return tuple(sorted(every, key=lambda finding: not _is_error(finding)))

    @cached_property
    def platforms(self) -> tuple[Platform, ...]:
        """The columns of the table."""
        return tuple(sorted({cell.cell.platform for cell in self.report.cells}))

    @cached_property
    def sizes_by_platform(self) -> dict[Platform, int]:
        """Platform → size of all its images, in bytes."""
        found: Counter[Platform] = Counter()
        for image in self.report.images:
            found.update({each.platform: each.size for each in image.platforms})
        return dict(sorted(found.items()))

    @property
    def largest(self) -> tuple[tuple[str, int], ...]:
        """The largest images by their largest platform, with that platform's size in bytes."""
        sizes = [
            (image.name, max(each.size for each in image.platforms)) for image in self.report.images if image.platforms
        ]
        return tuple(sorted(sizes, key=lambda pair: -pair[1])[:_LONGEST])

    @property
    def slowest(self) -> tuple[tuple[str, float], ...]:
        """The images that took longest, with their time in seconds."""
        return tuple((image.name, image.seconds) for image in slowest(self.report, _LONGEST))

    @cached_property
    def critical(self) -> tuple[ImageResult, ...]:
        """The images of the critical path, first to last."""
        by_name = {image.name: image for image in self.report.images}
        return tuple(by_name[name] for name in critical_path(self.report) if name in by_name)

    @cached_property
    def _drawn(self) -> tuple[float, tuple[Lane, ...]]:
        return lanes(self.report)

    @property
    def span(self) -> float:
        """The length of the timeline in seconds."""
        return self._drawn[0]

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """A row for each image, in the report's order. Images that are excluded on all platforms come last."""
        excluded: dict[str, list[CellResult]] = {}
        for cell in self.report.excluded:
            excluded.setdefault(cell.cell.image, []).append(cell)
        critical = {image.name for image in self.critical}
        rows = [
            Row(
                *(image.name, image, lane, self._across([*image.cells, *excluded.pop(image.name, ())])),
                {each.platform: each.size for each in image.platforms},
                image.name in critical,
            )
            for image, lane in zip(self.report.images, self._drawn[1], strict=True)
        ]
        rows += [
            Row(name, None, Lane((), ()), self._across(cells), {}, critical=False)
            for name, cells in sorted(excluded.items())
        ]
        return tuple(rows)

    def _across(self, cells: list[CellResult]) -> tuple[CellResult | None, ...]:
        by_platform = {cell.cell.platform: cell for cell in cells}
        return tuple(by_platform.get(platform) for platform in self.platforms)


def _to_fix(image: ImageResult) -> tuple[str, str]:
    failure, known = image.failure, advice(image)
    where = f"{image.name} on {failure.platform}" if failure and failure.platform else image.name
    step = failure.step if failure and failure.kind == "build" else ""
    todo = known.do if known else cause(failure) if failure else ""
    return f"{where}: {todo}{':' if step else ''}", step


def _is_error(finding: Finding) -> bool:
    return finding.severity is Severity.ERROR
