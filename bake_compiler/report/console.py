"""The report on a terminal: a table of images x platforms, and the rest below it."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from bake_compiler.report.lines import Words, header, lines, printable, rows, title
from bake_compiler.report.report import Report

_LONGEST_NAME = 24  # that is not folded for the sake of digests
_DIGEST = len("sha256:0123456789ab")


def print_report(report: Report, console: Console) -> None:
    """Print the matrix, the failures and the verdict; on a narrow terminal without digests and seconds."""
    columns = header(report)
    name = min(_LONGEST_NAME, max((len(image.name) for image in report.images), default=0))
    if console.width < 1 + sum(len(column) + 3 for column in columns[1:]) + name + 3 + _DIGEST - len("digest"):
        columns = columns[:-2]
    table = Table(title=escape(title(report)) or None, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(
            Text(printable(column)),
            justify="right" if column == "seconds" else "left",
            overflow="fold",
            no_wrap=number > 0,
        )
    for row in rows(report):
        table.add_row(*map(_text, row[: len(columns)]))
    console.print(table)
    for line in lines(report):
        console.print(_text(line))


def _text(words: Words) -> Text:
    return Text(printable(words.text), words.style)
