"""The report on a terminal: a table of images x platforms, and the rest below it."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from bake_compiler.report.report import Report
from bake_compiler.report.words.lines import Words, header, lines, printable, rows, title

_LONGEST_NAME = 24  # that is not folded for the sake of digests
_WAIVED = ("digest", "seconds")  # where the terminal is narrow, the first of them first


def print_matrix(report: Report, console: Console) -> None:
    """Print the matrix, the failures and the verdict; on a narrow terminal without digests, then without seconds."""
    grid = [[Words(column) for column in header(report)], *map(list, rows(report))]
    for waived in _WAIVED:
        if _width(grid) > console.width:
            number = grid[0].index(Words(waived))
            for row in grid:
                del row[number]
    table = Table(title=escape(printable(title(report))) or None, title_justify="left")
    for number, column in enumerate(grid[0]):
        table.add_column(
            _text(column),
            justify="right" if column.text in {"retries", "seconds"} else "left",
            overflow="fold",
            no_wrap=number > 0,
        )
    for row in grid[1:]:
        table.add_row(*map(_text, row))
    console.print(table)
    for line in lines(report):
        console.print(_text(line))


def _width(grid: list[list[Words]]) -> int:
    """Of the table, when no name is folded that need not be."""
    names, *others = (max(len(words.text) for words in column) for column in zip(*grid, strict=True))
    return 1 + sum(width + 3 for width in (min(_LONGEST_NAME, names), *others))


def _text(words: Words) -> Text:
    return Text(printable(words.text), words.style)
