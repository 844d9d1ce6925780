"""The report on a terminal: a table of images x platforms, and below it failures and verdict."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from bake_compiler.report.report import Report
from bake_compiler.report.words.lines import Words, header, lines, printable, rows, title

_LONGEST_NAME = 24  # letters; a longer name is folded so that the digests fit
_WAIVED = ("digest", "seconds")  # columns that are left out on a narrow terminal, in this order


def print_matrix(report: Report, console: Console) -> None:
    """Print the matrix, the failures and the verdict.

    A narrow terminal gets no digests, or no digests and no seconds.
    """
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
    """The width of the table, in letters, if only names longer than _LONGEST_NAME are folded."""
    names, *others = (max(len(words.text) for words in column) for column in zip(*grid, strict=True))
    return 1 + sum(width + 3 for width in (min(_LONGEST_NAME, names), *others))


def _text(words: Words) -> Text:
    return Text(printable(words.text), words.style)
