"""Printing on stdout and stderr."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from bake_compiler.errors import BakecError, Problem

if TYPE_CHECKING:
    from bake_compiler.report import Report


printed: list[int] = []
"""The lengths of the texts that this call of bakec printed on stdout. `main` empties the list."""


def print_text(text: str) -> None:
    """Print a text on stdout, always in UTF-8."""
    printed.append(len(text))
    sys.stdout.buffer.write(text.encode())
    sys.stdout.flush()


def print_lines(lines: Iterable[str]) -> None:
    """Print lines on stdout."""
    print_text("".join(f"{line}\n" for line in lines))


def print_document(document: Mapping[str, object]) -> None:
    """Print the document of `--json` on stdout."""
    from bake_compiler.document import document_text  # noqa: PLC0415

    print_text(document_text(document))


def say(line: str) -> None:
    """Print one line of progress on stderr."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def warn(problems: Sequence[Problem]) -> None:
    """Print warnings on stderr."""
    for problem in problems:
        say(warning_text(problem))


def warning_text(problem: Problem) -> str:
    """Return a warning as a person reads it."""
    return f"warning: {problem}\n hint: {problem.hint}" if problem.hint else f"warning: {problem}"


def error_text(error: BakecError) -> str:
    """Return an error as a person reads it: each mistake with its place, then the message and the hint."""
    lines = []
    for problem in error.problems:
        lines.append(f"error: {problem}")
        lines += [f" hint: {problem.hint}"] if problem.hint else []
    lines.append(f"error: {error.message}")
    lines += [f" hint: {error.hint}"] if error.hint else []
    return "\n".join(lines) + "\n"


def print_report(report: "Report", *, as_json: bool) -> None:
    """Print the report on stdout, for a program, a terminal, or a pipe."""
    if as_json:
        from bake_compiler.report.formats.json import report_document  # noqa: PLC0415

        print_document(report_document(report))
    elif sys.stdout.isatty():
        from rich.console import Console  # noqa: PLC0415

        from bake_compiler.report.formats.console import print_matrix as print_for_people  # noqa: PLC0415

        print_for_people(report, Console(soft_wrap=True, highlight=False))
    else:
        from bake_compiler.report.formats.plain import render_plain  # noqa: PLC0415

        print_text(render_plain(report))
