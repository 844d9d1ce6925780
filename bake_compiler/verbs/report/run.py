"""bakec report: reads the report of a run from the run's folder, and writes it to a file."""

from pathlib import Path

from bake_compiler.errors import UsageError
from bake_compiler.report import Report
from bake_compiler.runs.kept import stored_report
from bake_compiler.system.files import write_whole
from bake_compiler.verbs.report.show import render_as


def write_report_as(root: Path, run: str, output: Path, form: str) -> Report:
    """Write the report of a run in a format, whole or not at all, and return the report.

    Args:
        root: the project's root.
        run: the id of the run, its beginning, or `last`.
        output: the file.
        form: the name of the format.

    Raises:
        UsageError: there is no such run, or the file can't be written.
    """
    report = stored_report(root, run)
    text = render_as(form, report)
    try:
        write_whole(output, text, folders=False)
    except OSError as error:
        raise UsageError(f"--output: {output}: {error.strerror}", hint="name a file that can be written") from error
    return report
