"""The report in words: the rows of its matrix, each failure with the details needed to fix it, and the verdict."""

from collections.abc import Iterator
from typing import NamedTuple

from bake_compiler.oci.platform import Platform
from bake_compiler.report.report import CellResult, ImageResult, Outcome, PlatformResult, Report
from bake_compiler.report.words.advice import remedy
from bake_compiler.report.words.ending import figures, next_step
from bake_compiler.report.words.failures import blocked, cause, headline, tries
from bake_compiler.verify import Severity

_STYLES = {
    Outcome.BUILT: "green",
    Outcome.UNCHANGED: "green",
    Outcome.VERIFIED: "green",
    Outcome.LOADED: "green",
    Outcome.FAILED: "bold red",
    Outcome.BLOCKED: "yellow",
    Outcome.EXCLUDED: "dim",
}


class Words(NamedTuple):
    """A text and its style on a terminal."""

    text: str
    style: str = ""


def title(report: Report) -> str:
    """The registry and tag of the report. Empty if references were given."""
    if not report.registry:
        return ""
    tags = (tag for image in report.images[:1] for tag in (image.reference, *image.tags))
    more = len({tag.rpartition(":")[0] for tag in tags}) - 1  # every image is in each registry
    also = f" and {more} more {'registry' if more == 1 else 'registries'}" if more > 0 else ""
    return f"{report.registry}{also}, tag {report.tag}"


def header(report: Report) -> tuple[str, ...]:
    """The names of the columns. `retries` is there only if there were any."""
    retries = ("retries",) if _any_retries(report) else ()
    return ("image", *map(str, _platforms(report)), *retries, "digest", "seconds")


def rows(report: Report) -> Iterator[tuple[Words, ...]]:
    """Yield a row for each image. Images that are excluded on all platforms come last. Only a build has sizes."""
    platforms, any_retries = _platforms(report), _any_retries(report)
    excluded: dict[str, tuple[CellResult, ...]] = {}
    for result in report.excluded:
        excluded[result.cell.image] = (*excluded.get(result.cell.image, ()), result)
    for image in report.images:
        sized = image.platforms if report.verb == "build" else ()
        marks = _marks((*image.cells, *excluded.pop(image.name, ())), platforms, sized)
        retries = (Words(str(image.retries or ""), "yellow"),) if any_retries else ()
        digest = f"sha256:{image.digest.short}" if image.digest else ""
        yield Words(image.name), *marks, *retries, Words(digest), Words(f"{image.seconds:.1f}")
    for name, results in sorted(excluded.items()):
        empty = (Words(""),) * (2 + any_retries)
        yield Words(name), *_marks(results, platforms), *empty


def lines(report: Report) -> Iterator[Words]:
    """Yield everything below the matrix. Each item is one line, whatever a log or a registry contains."""
    for image in report.images:
        yield from _failure(image)
        yield from _findings(image)
    for why, names in blocked(report).items():
        yield from _told(f"{why}: {', '.join(names)}", "yellow")
    for why, cells in _reasons(report.excluded).items():
        yield from _told(f"excluded {', '.join(cells)}: {why}", "dim")
    if report.verb == "build":
        for figure in figures(report):
            yield from _told(figure, "dim")
    style = "green" if report.exit_code == 0 else "bold red"
    yield from _told(f"{report.verb}{_depth(report)}: {report.summary} in {report.seconds:.1f} s", style)
    for words in filter(None, (report.publish_error, report.note)):
        yield from _told(words)
    if words := next_step(report):
        yield from _told(words, "bold")


def size_in_words(size: int) -> str:
    """The size as text: `812 kB`, `3.4 MB`, `146 MB`, `1.2 GB`."""
    if size < 999_500:  # noqa: PLR2004 - what rounds to less than 1 MB
        return f"{size / 1e3:.0f} kB"
    if size < 999_500_000:  # noqa: PLR2004 - and to less than 1 GB
        return f"{size / 1e6:.{1 if size < 9_950_000 else 0}f} MB"  # noqa: PLR2004 - and to less than 10 MB
    return f"{size / 1e9:.1f} GB"


def printable(text: str) -> str:
    """The text without control characters, which logs and registries may contain. Line breaks are kept."""
    return "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text)


def _platforms(report: Report) -> list[Platform]:
    return sorted({cell.cell.platform for cell in report.cells})


def _depth(report: Report) -> str:
    """The options that went beyond the registry's manifests, as text: ` --deep`."""
    return "".join(f" --{check}" for check in report.checks if check != "registry")


def _any_retries(report: Report) -> bool:
    return any(image.retries for image in report.images)


def _marks(
    results: tuple[CellResult, ...], platforms: list[Platform], sized: tuple[PlatformResult, ...] = ()
) -> Iterator[Words]:
    outcomes = {result.cell.platform: result.outcome for result in results}
    sizes = {each.platform: f" {size_in_words(each.size)}" for each in sized}
    for platform in platforms:
        outcome = outcomes.get(platform)
        yield Words(f"{outcome}{sizes.get(platform, '')}", _STYLES[outcome]) if outcome else Words("")


def _reasons(excluded: tuple[CellResult, ...]) -> dict[str, tuple[str, ...]]:
    reasons: dict[str, tuple[str, ...]] = {}
    for result in excluded:
        reasons[result.why] = (*reasons.get(result.why, ()), str(result.cell))
    return reasons


def _findings(image: ImageResult) -> Iterator[Words]:
    for finding in image.findings:
        yield from _told(str(finding), "bold red" if finding.severity is Severity.ERROR else "yellow")
        if finding.hint:
            yield from _told(f" hint: {finding.hint}")


def _failure(image: ImageResult) -> Iterator[Words]:
    failure = image.failure
    if not failure:
        return
    yield Words(f"failed {headline(image.name, failure)}", "bold red")
    yield from (Words(f"    {line}", "bold red") for line in cause(failure).splitlines()[1:])
    if failure.step:
        yield from _told(f"  {failure.step}")
    yield from (Words(f"  | {line}", "dim") for text in failure.tail for line in text.splitlines() or [""])
    if failure.log:
        yield from _told(f"  whole log: {failure.log}")
    if words := tries(image):
        yield from _told(f"  {words}")
    yield from _told(f"  hint: {remedy(image)}")


def _told(text: str, style: str = "") -> Iterator[Words]:
    """Yield a text. Its further lines are indented, so that they don't look like lines of bakec."""
    first, *rest = text.splitlines() or [""]
    yield Words(first, style)
    yield from (Words(f"      {line}", style) for line in rest)
