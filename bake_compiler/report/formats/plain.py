"""The report for a pipe: columns separated by spaces, nothing cut, no colours, no control characters."""

from bake_compiler.report.report import Report
from bake_compiler.report.words.lines import header, lines, printable, rows, title


def render_plain(report: Report) -> str:
    """Return the matrix, the failures and the verdict, ending in a newline."""
    table = [header(report), *(tuple(words.text for words in row) for row in rows(report))]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    matrix = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in table)
    texts = (*filter(None, [title(report)]), *matrix, *(line.text for line in lines(report)))
    return "".join(f"{' '.join(printable(text).splitlines())}\n" for text in texts)
