"""A document that `--json` prints: a TypedDict, written as JSON. Its type is its JSON Schema and its page in the docs.

A TypedDict is a plain dict when bakec runs. mypy compares each literal with the type; nothing is validated or copied.
"""

import json
from collections.abc import Mapping

from typing_extensions import TypedDict  # pydantic makes a JSON Schema of no other one before Python 3.12

from bake_compiler.errors import Problem


class ProblemDocument(TypedDict):
    """One mistake or warning, with its place."""

    file: str
    """The file, from the project's root."""
    line: int
    """The line in the file, from 1; 0 if the problem is about the whole file."""
    field: str
    """The field of the model, such as `images.0.name`; empty if the problem is about no field."""
    message: str
    """What is wrong."""
    hint: str
    """What to do about it; may be empty."""


class ReasonDocument(TypedDict):
    """Why something could not be done."""

    message: str
    """What is wrong."""
    hint: str
    """What to do about it; may be empty."""


def problem_document(problem: Problem) -> ProblemDocument:
    """One mistake or warning as a plain dict."""
    return {
        "file": problem.file,
        "line": problem.line,
        "field": problem.field,
        "message": problem.message,
        "hint": problem.hint,
    }


def document_text(document: Mapping[str, object]) -> str:
    """The document as UTF-8 JSON, indented by two spaces, ending in a newline."""
    from pydantic_core import PydanticSerializationError, to_json  # noqa: PLC0415 - not for `bakec --help`

    try:
        return to_json(document, indent=2).decode() + "\n"
    except PydanticSerializationError:
        # half of a surrogate pair, which a statement of provenance may hold, is no UTF-8: JSON's own escape is
        text = json.dumps(document, indent=2, ensure_ascii=False)
        return text.encode(errors="backslashreplace").decode() + "\n"
