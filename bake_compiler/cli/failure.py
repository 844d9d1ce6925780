"""The end of a command that failed: lines on stderr, an exit code, and with `--json` a document on stdout."""

import sys
from contextlib import suppress
from typing import Any, Literal

import typer
from typing_extensions import TypedDict

from bake_compiler.cli.output import error_text, print_document, printed
from bake_compiler.document import ProblemDocument, problem_document
from bake_compiler.errors import BakecError, Interrupted, UsageError

_TyperUsageError: Any = typer.BadParameter.__mro__[1]  # typer exports no other name for it


class ErrorDocument(TypedDict):
    """Why a command failed."""

    schema: Literal["bakec.error/1"]
    exit_code: int
    """The exit code of the command."""
    message: str
    """What is wrong."""
    hint: str
    """What to do about it; may be empty."""
    problems: list[ProblemDocument]
    """All mistakes, each with its place; empty if the message says everything."""


def error_document(error: BakecError) -> ErrorDocument:
    """Return the error as plain dicts and lists."""
    return {
        "schema": "bakec.error/1",
        "exit_code": error.exit_code,
        "message": error.message,
        "hint": error.hint,
        "problems": [problem_document(problem) for problem in error.problems],
    }


def end(error: BaseException, *, debug: bool, as_json: bool) -> int:
    """Print why the command failed, and return the exit code.

    Args:
        error: the error that ended the command.
        debug: whether to print a traceback.
        as_json: whether to print a document on stdout, if the command has printed no document.
    """
    explained = _explained(error)
    if isinstance(error, _TyperUsageError):
        error.show()
    else:
        sys.stderr.write(error_text(explained))
    if debug:
        import traceback  # noqa: PLC0415

        traceback.print_exception(error)
    if as_json and not any(printed):
        with suppress(OSError):  # stdout may be the reason for the failure
            print_document(error_document(explained))
    return explained.exit_code


def _explained(error: BaseException) -> BakecError:
    """Return any exception as an error for a person."""
    if isinstance(error, BakecError):
        return error
    if isinstance(error, _TyperUsageError):
        command = error.ctx.command_path if error.ctx else "bakec"
        return UsageError(error.format_message(), hint=f"see `{command} --help`")
    if isinstance(error, KeyboardInterrupt):
        return Interrupted("interrupted")
    if isinstance(error, OSError):
        return BakecError(f"{error.filename or 'the system'}: {error.strerror or error}")
    return BakecError(f"bakec itself is at fault: {type(error).__name__}: {error}", hint="run it with --debug")
