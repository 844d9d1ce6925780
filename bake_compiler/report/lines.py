"""The report in words: the rows of its matrix, then each failure with what is needed to mend it, then the verdict."""

from collections.abc import Iterator
from typing import NamedTuple

from bake_compiler.buildx import Failure
from bake_compiler.oci.platform import Platform
from bake_compiler.report.report import CellResult, ImageResult, Outcome, Report
from bake_compiler.verify import Severity

_STYLES = {
    Outcome.BUILT: "green",
    Outcome.VERIFIED: "green",
    Outcome.LOADED: "green",
    Outcome.FAILED: "bold red",
    Outcome.BLOCKED: "yellow",
    Outcome.EXCLUDED: "dim",
}


class Words(NamedTuple):
    """A text and how a terminal shows it."""

    text: str
    style: str = ""


def title(report: Report) -> str:
    """What the report is about; empty when references were given."""
    return f"{report.registry}, tag {report.tag}" if report.registry else ""


def header(report: Report) -> tuple[str, ...]:
    """The names of the columns."""
    return ("image", *map(str, _platforms(report)), "digest", "seconds")


def rows(report: Report) -> Iterator[tuple[Words, ...]]:
    """A row for each image, those that are excluded on all platforms last."""
    platforms = _platforms(report)
    excluded: dict[str, tuple[CellResult, ...]] = {}
    for result in report.excluded:
        excluded[result.cell.image] = (*excluded.get(result.cell.image, ()), result)
    for image in report.images:
        marks = _marks((*image.cells, *excluded.pop(image.name, ())), platforms)
        digest = f"sha256:{image.digest.short}" if image.digest else ""
        yield Words(image.name), *marks, Words(digest), Words(f"{image.seconds:.1f}")
    for name, results in sorted(excluded.items()):
        yield Words(name), *_marks(results, platforms), Words(""), Words("")


def lines(report: Report) -> Iterator[Words]:
    """All that comes below the matrix."""
    for image in report.images:
        yield from _details(image)
    for cell in report.excluded:
        yield Words(f"excluded {cell.cell}: {cell.why}", "dim")
    style = "green" if report.exit_code == 0 else "bold red"
    yield Words(f"{report.verb}{_depth(report)}: {report.summary} in {report.seconds:.1f} s", style)
    yield from (Words(words) for words in (report.publish_error, report.note) if words)


def printable(text: str) -> str:
    """A text without control characters: logs and registries may say anything; a line break stays."""
    return "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text)


def _platforms(report: Report) -> list[Platform]:
    return sorted({cell.cell.platform for cell in report.cells})


def _depth(report: Report) -> str:
    """How far a verification went beyond what the registry says."""
    return "".join(f" --{check}" for check in report.checks if check != "registry")


def _marks(results: tuple[CellResult, ...], platforms: list[Platform]) -> Iterator[Words]:
    by_platform = {result.cell.platform: result.outcome for result in results}
    for platform in platforms:
        outcome = by_platform.get(platform)
        yield Words(str(outcome), _STYLES[outcome]) if outcome else Words("")


def _details(image: ImageResult) -> Iterator[Words]:
    if image.failure:
        yield from _failure(image.name, image.failure)
    elif blocked := next((cell for cell in image.cells if cell.outcome is Outcome.BLOCKED), None):
        yield Words(f"blocked {image.name}: {blocked.why}", "yellow")
    for finding in image.findings:
        yield Words(str(finding), "bold red" if finding.severity is Severity.ERROR else "yellow")
        if finding.hint:
            yield Words(f" hint: {finding.hint}")


def _failure(name: str, failure: Failure) -> Iterator[Words]:
    platform = f" on {failure.platform}" if failure.platform else ""
    place = ", ".join(part for part in (failure.line, f"stage {failure.stage}" if failure.stage else "") if part)
    yield Words(f"failed {name}{platform}{f' ({place})' if place else ''}: {failure.cause}", "bold red")
    if failure.step:
        yield Words(f"  {failure.step}")
    yield from (Words(f"  | {line}", "dim") for line in failure.tail)
    if failure.log:
        yield Words(f"  whole log: {failure.log}")
