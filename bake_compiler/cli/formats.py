"""The format of an output file, by the ending of its name."""

from collections.abc import Mapping
from pathlib import Path

from bake_compiler.errors import UsageError

GRAPHS: Mapping[str, str] = {
    ".mmd": "mermaid",
    ".mermaid": "mermaid",
    ".dot": "dot",
    ".gv": "dot",
    ".svg": "svg",
    ".json": "json",
}
"""Ending → the format of `bakec graph`."""

REPORTS: Mapping[str, str] = {
    ".html": "html",
    ".htm": "html",
    ".json": "json",
    ".xml": "junit",
    ".md": "summary",
    ".txt": "plain",
}
"""Ending → the format of `bakec report`."""


def format_of(output: Path, endings: Mapping[str, str]) -> str:
    """Return the format of an output file.

    Raises:
        UsageError: the ending is not known; the hint lists the known endings.
    """
    ending = output.suffix.lower()
    if ending in endings:
        return endings[ending]
    said = f"no format has the ending {ending}" if ending else f"{output.name} has no ending that says its format"
    *most, last = endings
    raise UsageError(f"--output: {said}", hint=f"name a {', '.join(most)} or {last} file")
