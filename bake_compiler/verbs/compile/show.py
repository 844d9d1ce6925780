"""What `bakec compile` did, as JSON."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from typing_extensions import TypedDict

from bake_compiler.document import ProblemDocument, problem_document
from bake_compiler.errors import Problem
from bake_compiler.verbs.compile.prove import Proof


class CompileDocument(TypedDict):
    """A bake file, compared with the models."""

    schema: Literal["bakec.compile/1"]
    file: str
    """The path of the bake file."""
    stale: bool
    """Whether the file differed from the models."""
    diff: str
    """The difference from the file to the models; empty if there is none."""
    written: bool
    """Whether the file was written."""
    compared: str
    """Who compared the file's meaning with the models: `buildx 0.29.1` or `python-hcl2`; `bytes` if nobody did."""
    overridden: list[str]
    """The variables that were each set to another value once."""
    not_compared: list[str]
    """What could not be compared."""
    differences: list[str]
    """What means something else than the models, one line each."""
    warnings: list[ProblemDocument]
    """Likely mistakes that may be intended."""


def compile_document(
    path: Path, difference: str, proof: Proof | None, warnings: Sequence[Problem], *, check: bool
) -> CompileDocument:
    """Return the result as plain dicts and lists.

    Args:
        path: the bake file.
        difference: from the file to the models; empty if they are the same.
        proof: the comparison of meanings; None if only bytes were compared.
        warnings: the project's warnings.
        check: whether nothing may be written.
    """
    return {
        "schema": "bakec.compile/1",
        "file": str(path),
        "stale": bool(difference),
        "diff": difference,
        "written": bool(difference) and not check,
        "compared": proof.by if proof else "bytes",
        "overridden": list(proof.overridden) if proof else [],
        "not_compared": list(proof.skipped) if proof else [],
        "differences": list(proof.differences) if proof else [],
        "warnings": [problem_document(each) for each in warnings],
    }
