"""A report in each format that `bakec report` writes."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import cast

from bake_compiler.report import Report

_FORMATS: Mapping[str, tuple[str, str]] = {
    "html": ("html", "render_html"),
    "json": ("json", "render_json"),
    "junit": ("junit", "render_junit"),
    "summary": ("github", "render_summary"),
    "plain": ("plain", "render_plain"),
}
"""Format → the module in report/formats and its function; only the module of the asked format is imported."""


def render_as(form: str, report: Report) -> str:
    """The report in a format, by the name that `cli/formats.py` has for it."""
    module, function = _FORMATS[form]
    renderer = getattr(import_module(f"bake_compiler.report.formats.{module}"), function)
    return cast("Callable[[Report], str]", renderer)(report)
