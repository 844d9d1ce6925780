"""The report as one HTML page. It loads nothing from the network, and its only script draws the steps.

The output of a build may be hostile. All texts reach the page through jinja's escaping, or as JSON that the script only
writes as text. A Content-Security-Policy allows only our own style and script, by their hashes.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from bake_compiler.oci.platform import Platform
from bake_compiler.report.formats.html.page import Page, Row
from bake_compiler.report.formats.html.timeline import KINDS, Bar
from bake_compiler.report.formats.html.words import clean_text, duration, size
from bake_compiler.report.report import Report
from bake_compiler.report.words.advice import advice
from bake_compiler.report.words.failures import cause, tries
from bake_compiler.words import counted

_HERE = Path(__file__).parent
_IN_SCRIPT = {
    ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&"
}  # everything else that could end a script is ASCII


def render_html(report: Report) -> str:
    """Return a whole HTML document, ending in a newline."""
    page = Page(report)
    return _template().render(
        page=page,
        report=report,
        data=Markup(_json(_data(page))),  # noqa: S704 - _json leaves nothing in it that HTML knows
    )


@cache
def _template() -> jinja2.Template:
    style, script = (_HERE.joinpath(name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        finalize=_shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    for words in (duration, size, counted, cause, tries, advice):
        environment.filters[words.__name__] = environment.globals[words.__name__] = words
    ours = {"style": Markup(style), "script": Markup(script)}  # noqa: S704 - ours
    return environment.get_template("page.html.j2", globals={**ours, "policy": _policy(style, script)})


def _shown(value: object) -> object:
    """The value that jinja writes, before jinja escapes it."""
    return value if isinstance(value, Markup) else clean_text(str(value))


def _policy(style: str, script: str) -> str:
    """The Content-Security-Policy (W3C CSP3): nothing is loaded, only our script runs, no text becomes markup."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _json(document: object) -> str:
    return json.dumps(document, separators=(",", ":")).translate(_IN_SCRIPT)


def _data(page: Page) -> dict[str, Any]:
    """The data that the script draws. Each text occurs once, and each bar is six numbers."""
    texts: dict[str, int] = {}
    places = {platform: place for place, platform in enumerate(page.platforms)}
    rows = [_row(row, texts, places) for row in page.rows]
    return {
        "span": round(page.span * 1000),
        "kinds": KINDS,
        "platforms": list(map(str, places)),
        "rows": rows,
        "texts": [clean_text(text) for text in texts],
    }


def _row(row: Row, texts: dict[str, int], places: dict[Platform, int]) -> dict[str, Any]:
    image = row.image
    facts = (
        {
            "reference": image.reference,
            "digest": str(image.digest or ""),
            "other tags": ", ".join(image.tags),
            "needs": ", ".join(image.needs),
            "built by run": image.kept_from,
        }
        if image
        else {}
    )
    return {
        "facts": [[name, clean_text(value)] for name, value in facts.items() if value],
        "coarse": [number for bar in row.lane.coarse for number in _numbers(bar, texts, places)],
        "steps": [number for bar in row.lane.steps for number in _numbers(bar, texts, places)],
    }


def _numbers(bar: Bar, texts: dict[str, int], places: dict[Platform, int]) -> Iterator[int]:
    """The six numbers of a bar: kind, platform (-1 for all), text, stage, and begin and length in milliseconds."""
    began, ended = round(bar.began * 1000), round(bar.ended * 1000)
    yield KINDS.index(bar.kind)
    yield -1 if bar.platform is None else places.get(bar.platform, -1)
    yield texts.setdefault(bar.label, len(texts))
    yield texts.setdefault(bar.stage, len(texts))
    yield began
    yield ended - began
