"""The report for a person: a table of images x platforms, then each failure with what is needed to mend it."""

from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

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


def print_report(report: Report, console: Console) -> None:
    """Print the matrix, the failures and the verdict."""
    console.print(_matrix(report))
    for image in report.images:
        for line in _details(image):
            console.print(line)
    for cell in report.excluded:
        console.print(Text(f"excluded {cell.cell}: {cell.why}", "dim"))
    style = "green" if report.exit_code == 0 else "bold red"
    console.print(Text(f"{report.verb}{_depth(report)}: {report.summary} in {report.seconds:.1f} s", style))
    for words in (report.publish_error, report.note):
        if words:
            console.print(Text(words))


def _depth(report: Report) -> str:
    """How far a verification went beyond what the registry says."""
    more = [check for check in report.checks if check != "registry"]
    return f" --{' --'.join(more)}" if more else ""


def _matrix(report: Report) -> Table:
    platforms = sorted({cell.cell.platform for cell in report.cells})
    title = f"{escape(report.registry)}, tag {escape(report.tag)}" if report.registry else None
    table = Table(title=title, title_justify="left")
    table.add_column("image", overflow="fold")
    for platform in platforms:
        table.add_column(str(platform), no_wrap=True)
    table.add_column("digest", no_wrap=True)
    table.add_column("seconds", justify="right", no_wrap=True)
    excluded: dict[str, tuple[CellResult, ...]] = {}
    for result in report.excluded:
        excluded[result.cell.image] = (*excluded.get(result.cell.image, ()), result)
    for image in report.images:
        table.add_row(*_row(image, excluded.pop(image.name, ()), platforms))
    for name, results in sorted(excluded.items()):
        table.add_row(name, *_marks(results, platforms), "", "")
    return table


def _row(image: ImageResult, excluded: tuple[CellResult, ...], platforms: list[Platform]) -> Iterator[Text]:
    yield Text(image.name)
    yield from _marks((*image.cells, *excluded), platforms)
    yield Text(f"sha256:{image.digest.short}" if image.digest else "")
    yield Text(f"{image.seconds:.1f}")


def _marks(results: tuple[CellResult, ...], platforms: list[Platform]) -> Iterator[Text]:
    by_platform = {result.cell.platform: result.outcome for result in results}
    for platform in platforms:
        outcome = by_platform.get(platform)
        yield Text(str(outcome), _STYLES[outcome]) if outcome else Text("")


def _details(image: ImageResult) -> Iterator[Text]:
    if image.failure:
        yield from _failure_lines(image.name, image.failure)
    elif blocked := next((cell for cell in image.cells if cell.outcome is Outcome.BLOCKED), None):
        yield Text(f"blocked {image.name}: {blocked.why}", "yellow")
    for finding in image.findings:
        yield Text(str(finding), "bold red" if finding.severity is Severity.ERROR else "yellow")
        if finding.hint:
            yield Text(f" hint: {finding.hint}")


def _failure_lines(name: str, failure: Failure) -> Iterator[Text]:
    platform = f" on {failure.platform}" if failure.platform else ""
    place = ", ".join(part for part in (failure.line, f"stage {failure.stage}" if failure.stage else "") if part)
    yield Text(f"failed {name}{platform}{f' ({place})' if place else ''}: {failure.cause}", "bold red")
    if failure.step:
        yield Text(f"  {failure.step}")
    for line in failure.tail:
        yield Text(f"  | {line}", "dim")
    if failure.log:
        yield Text(f"  whole log: {failure.log}")
