"""bakec report: what a run came to, again, in any format."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bake_compiler.cli.formats import REPORTS, format_of
from bake_compiler.cli.options import ProjectDir, json_option, root_of
from bake_compiler.cli.output import print_report, say
from bake_compiler.errors import BakecError, UsageError
from bake_compiler.words import counted

if TYPE_CHECKING:
    from bake_compiler.report import Report


def complete_run(incomplete: str) -> list[str]:
    """Runs for the shell, newest first; none when there is no project here."""
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
    """Show what a run of `bakec build` came to, or write it as a page, for a CI system, or for a program.

    Ends with 0 when that could be done, whatever the run came to. Needs no network and no Docker.

    Examples: `bakec report`, `bakec report -o report.html`, `bakec report 20261124T19 -o junit.xml`,
    `bakec report last --json`.
    """
    from bake_compiler.runs.kept import stored_report  # noqa: PLC0415
    from bake_compiler.system.files import write_whole  # noqa: PLC0415

    render = _renderer(output, as_json=as_json) if output and str(output) != "-" else None
    stored = stored_report(root_of(project), run)
    if output is None or render is None:
        print_report(stored, as_json=as_json)
        return
    text = render(stored)
    try:
        write_whole(output, text, folders=False)
    except OSError as error:
        raise UsageError(f"--output: {output}: {error.strerror}", hint="name a file that can be written") from error
    say(f"{output}: run {stored.run}, {counted(len(stored.images), 'image')}")


def _renderer(output: Path, *, as_json: bool) -> "Callable[[Report], str]":
    """What makes the document that --json or a file's name asks for.

    Raises:
        UsageError: no format has that ending.
    """
    renderers = {"html": _html, "json": _json, "junit": _junit, "summary": _summary, "plain": _plain}
    return _json if as_json else renderers[format_of(output, REPORTS)]


def _html(stored: "Report") -> str:
    from bake_compiler.report.formats.html import render_html  # noqa: PLC0415

    return render_html(stored)


def _json(stored: "Report") -> str:
    from bake_compiler.report.formats.json import render_json  # noqa: PLC0415

    return render_json(stored)


def _junit(stored: "Report") -> str:
    from bake_compiler.report.formats.junit import render_junit  # noqa: PLC0415

    return render_junit(stored)


def _summary(stored: "Report") -> str:
    from bake_compiler.report.formats.github import render_summary  # noqa: PLC0415

    return render_summary(stored)


def _plain(stored: "Report") -> str:
    from bake_compiler.report.formats.plain import render_plain  # noqa: PLC0415

    return render_plain(stored)
