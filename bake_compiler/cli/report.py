"""bakec report: prints the report of a run in any format."""

from pathlib import Path
from typing import Annotated

import typer

from bake_compiler.cli.formats import REPORTS, format_of
from bake_compiler.cli.options import ProjectDir, json_option, root_of
from bake_compiler.cli.output import print_report, say
from bake_compiler.errors import BakecError
from bake_compiler.words import counted


def complete_run(incomplete: str) -> list[str]:
    """Return runs for completion in a shell, newest first; empty if there is no project here."""
    from bake_compiler.runs.kept import LAST, run_ids  # noqa: PLC0415

    try:
        runs = (LAST, *run_ids(root_of(None)))
    except BakecError:
        return []
    return [run for run in runs if run.startswith(incomplete)]


def report(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            show_default=False,
            help="A run's id, the beginning of it, or last (the default).",
            autocompletion=complete_run,
        ),
    ] = "last",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help=".html, .json, .xml (JUnit), .md or .txt; default: stdout, as text."
        ),
    ] = None,
    project: ProjectDir = None,
    as_json: Annotated[bool, json_option("report")] = False,
) -> None:
    """Show the report of a run, or write it to a file.

    The exit code is 0 if the report could be printed or written, whatever the run's result is. Needs no network and no
    Docker.

    Examples:
      bakec report
      bakec report -o report.html
      bakec report 20261124T19 -o junit.xml
      bakec report last --json
    """
    if output is None or str(output) == "-":
        from bake_compiler.runs.kept import stored_report  # noqa: PLC0415

        print_report(stored_report(root_of(project), run), as_json=as_json)
        return
    form = "json" if as_json else format_of(output, REPORTS)
    from bake_compiler.verbs.report.run import write_report_as  # noqa: PLC0415

    stored = write_report_as(root_of(project), run, output, form)
    say(f"{output}: run {stored.run}, {counted(len(stored.images), 'image')}")
