"""The report for GitHub Actions: annotations, and a job summary.

Source: actions/toolkit, packages/core/src/command.ts (escapeData, escapeProperty); GitHub's "Workflow commands for
GitHub Actions"; the GitHub Flavored Markdown Spec.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import accumulate

from bake_compiler.buildx import Failure
from bake_compiler.report.report import ImageResult, Report
from bake_compiler.report.words.advice import remedy
from bake_compiler.report.words.ending import figures, next_step
from bake_compiler.report.words.failures import blocked, cause, faults, headline, retried, tries
from bake_compiler.report.words.lines import header, printable, rows, title
from bake_compiler.verify import Severity

LARGEST_SUMMARY = 1 << 20
"""Bytes. If a step's summary is larger, GitHub does not show it."""

_FOR_THE_MATRIX = LARGEST_SUMMARY // 2
_LONGEST_LINE = 2000
_TAIL = 10  # lines of a log in an annotation
_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = {**_DATA, **str.maketrans({":": "%3A", ",": "%2C"})}
_PLACE = re.compile(r"(?P<file>[^\s:]+/[^\s:]+):(?P<line>\d+)")
_MARKUP = re.compile(r"[!-$&(-+:-@\[-`{-~]")  # all of ASCII's punctuation except % ' , - . /


def annotations(report: Report) -> list[str]:
    """Return workflow commands, each in one line: errors first, then warnings, then images that a retry built."""
    failed = [_failed(image, image.failure) for image in report.images if image.failure]
    kept = [_command("error", why, ", ".join(names)) for why, names in blocked(report).items()]
    publish = [_command("error", "public tags", report.publish_error)] if report.publish_error else []
    again = [_command("notice", f"{image.name} was tried again", faults(image)) for image in retried(report)]
    errors, warnings = (list(_findings(report, severity)) for severity in (Severity.ERROR, Severity.WARNING))
    return [*failed, *errors, *kept, *publish, *warnings, *again]


def render_summary(report: Report) -> str:
    """Return the job summary in Markdown: verdict, matrix, failures to unfold. It is no longer than GitHub's limit."""
    details = (_details(image, image.failure) for image in report.images if image.failure)
    items = (f"- {_text(item)}\n" for item in _items(report))
    left, kept, dropped = LARGEST_SUMMARY - _LONGEST_LINE, list[str](), 0
    for block in (_verdict(report), _matrix(report), *details, *items):
        size = len(block.encode()) + 1
        if size <= left:
            kept.append(block)
            left -= size
        else:
            dropped += 1
    if dropped:
        kept.append(f"{dropped} more parts are left out: the summary is at GitHub's limit.\n")
    return "\n".join(kept)


def _failed(image: ImageResult, failure: Failure) -> str:
    message = (cause(failure), failure.step, *failure.tail[-_TAIL:], tries(image), f"hint: {remedy(image)}")
    place = _PLACE.fullmatch(failure.line)
    subject = f"{image.name} on {failure.platform}" if failure.platform else image.name
    return _command("error", subject, "\n".join(filter(None, message)), **(place.groupdict() if place else {}))


def _findings(report: Report, severity: Severity) -> Iterator[str]:
    for finding in (each for image in report.images for each in image.findings if each.severity is severity):
        where = f"{finding.image} {finding.platform}" if finding.platform else finding.image
        message = "\n".join(filter(None, (finding.message, finding.hint)))
        yield _command(str(severity), f"{where}: {finding.code}", message)


def _command(name: str, title: str, message: str, **place: str) -> str:
    properties = ",".join(f"{key}={_escaped(value, _PROPERTY)}" for key, value in {**place, "title": title}.items())
    return f"::{name} {properties}::{_escaped(message, _DATA)}"


def _escaped(text: str, table: dict[int, str]) -> str:
    return printable(text).translate(table)


def _verdict(report: Report) -> str:
    verdict = "well" if report.exit_code == 0 else f"exit code {report.exit_code}"
    about = f", {title(report)}" if title(report) else ""
    said = (f"{report.summary} in {report.seconds:.1f} s{about}", report.publish_error, report.note, next_step(report))
    return "\n\n".join((f"## bakec {_text(report.verb)}: {verdict}", *map(_text, filter(None, said)))) + "\n"


def _matrix(report: Report) -> str:
    columns = header(report)
    table = _row(map(_text, columns)) + _row(["---"] * len(columns))
    lines = [_row(_text(words.text) for words in row) for row in rows(report)]
    sizes = accumulate(len(line.encode()) for line in lines)
    shown = sum(size <= _FOR_THE_MATRIX for size in sizes)
    more = f"\nand {len(lines) - shown} more images\n" if shown < len(lines) else ""
    return table + "".join(lines[:shown]) + more


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _details(image: ImageResult, failure: Failure) -> str:
    below = (f"whole log: {failure.log}" if failure.log else "", tries(image), f"hint: {remedy(image)}")
    return "\n\n".join(
        (
            f"<details><summary>{_text(headline(image.name, failure))}</summary>",
            _fenced([*cause(failure).splitlines(), *failure.step.splitlines(), "", *failure.tail]),
            *map(_text, filter(None, below)),
            "</details>\n",
        )
    )


def _items(report: Report) -> Iterator[str]:
    for why, names in blocked(report).items():
        yield f"{why}: {', '.join(names)}"
    for finding in (each for image in report.images for each in image.findings):
        yield f"{finding} {finding.hint}"
    for cell in report.excluded:
        yield f"excluded {cell.cell}: {cell.why}"
    yield from figures(report)


def _text(text: str) -> str:
    """A text in one line, in which nothing acts as markup. A character reference never does (GFM, 6.2)."""
    return _MARKUP.sub(lambda sign: f"&#{ord(sign[0])};", " ".join(printable(text).split()))


def _fenced(lines: Iterable[str]) -> str:
    """The lines unchanged, in a fence that is longer than any fence in them."""
    text = "\n".join(printable(line[:_LONGEST_LINE]) for line in lines)
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"
