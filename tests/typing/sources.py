"""What people read and write as models, each as a file that a type checker can judge by itself."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import bake_compiler
from bake_compiler import Component, Image, Project
from bake_compiler.model import Model
from tests.docs.test_docs import pairs, value_of

ROOT = Path(__file__).parents[2]
MISTAKES = Path(__file__).with_name("mistakes.py")

_BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```console\n(.*?)^```)?", re.DOTALL | re.MULTILINE)
_MORE = re.compile(r"^ +(?:\.\.\.|…),$", re.MULTILINE)
_PLACE = re.compile(r"\.py:(\d+): ")
_MARKED = re.compile(r"  # error\b")
_PROJECT = {"name": '"shop"', "registry": '"registry.example"', "tag": '"1.0"', "platforms": '["amd64"]'}
_NEEDED: Mapping[type, Mapping[str, str]] = {
    Project: _PROJECT,
    Component: {"images": '[Image(name="web")]'},
    Image: {"name": '"web"'},
}


class Source(NamedTuple):
    """A file for a type checker.

    Attributes:
        origin: where its text stands.
        text: Python.
        wrong: the lines, from 1, in which each checker must find an error; it may find none in any other line.
    """

    origin: str
    text: str
    wrong: frozenset[int] = frozenset()


def written() -> Iterator[Source]:
    """The models of this repository, and every snippet of README and docs."""
    for folder in (ROOT / "components", ROOT / "tests/golden"):
        for path in sorted((*folder.rglob("component.py"), *folder.rglob("project.py"))):
            yield Source(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        yield from _snippets(str(page.relative_to(ROOT)), page.read_text(encoding="utf-8"))
    rows = "".join(f"print({_row(pair.python)})\n" for pair in pairs())
    yield Source("tables of docs/reference/hcl.md", _imports(rows) + rows)


def _imports(text: str) -> str:
    """One line that imports what a text uses of bakec."""
    used = [name for name in bake_compiler.__all__ if re.search(rf"\b{name}\b", text)]
    return f"from bake_compiler import {', '.join(used)}\n" if used else ""


def _snippets(name: str, page: str) -> Iterator[Source]:
    for block in _BLOCK.finditer(page):
        text = _MORE.sub(_fields(_PROJECT), block[1])
        refused = block[2] if "no such field" in (block[2] or "") else ""
        line = page.count("\n", 0, block.start(1)) + 1
        head = "" if "from bake_compiler import" in text else _imports(text)
        yield Source(f"{name}:{line}", head + text, frozenset(map(int, _PLACE.findall(refused))))


def _row(python: str) -> str:
    """An example of the dictionary as one expression; `field=…` as an argument of the model that takes it."""
    try:
        ast.parse(python.strip(), mode="eval")
    except SyntaxError:
        said = {each.arg for each in ast.parse(f"dict({python})", mode="eval").body.keywords}  # type: ignore[attr-defined]
        kind = type(value_of(python))
        needed = {name: value for name, value in _NEEDED[kind].items() if name not in said}
        return f"{kind.__name__}({_fields(needed)} {python})"
    return python.strip().replace("\n", " ")


def _fields(needed: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}, " for name, value in needed.items())


def mistakes() -> Source:
    """The file of mistakes, in which each wrong line is marked."""
    text = MISTAKES.read_text(encoding="utf-8")
    lines = enumerate(text.splitlines(), 1)
    return Source("tests/typing/mistakes.py", text, frozenset(number for number, line in lines if _MARKED.search(line)))


def every_field() -> Source:
    """Each model with an unknown field, without each field that it needs, and with a wrong type for each field."""
    lines = "".join(f"{line}\n" for kind in models() for line in _wrong(kind))
    head = f"{_imports(lines)}from typing import Any\n\nclass Wrong: ...\n\nwrong = Wrong()\nanything: Any = None\n"
    begin = head.count("\n") + 1
    return Source("every field", head + lines, frozenset(range(begin, begin + lines.count("\n"))))


def models() -> Iterator[type[Model]]:
    """The classes that authors make models of."""
    exported = (getattr(bake_compiler, name) for name in bake_compiler.__all__)
    yield from (kind for kind in exported if issubclass(kind, Model))


def _wrong(kind: type[Model]) -> Iterator[str]:
    needed = {name: "anything" for name, field in kind.model_fields.items() if field.is_required()}
    yield f"{kind.__name__}({_fields(needed | {'colour': 'anything'})})"
    for name in needed:
        yield f"{kind.__name__}({_fields({other: value for other, value in needed.items() if other != name})})"
    for name in kind.model_fields:
        yield f"{kind.__name__}({_fields(needed | {name: 'wrong'})})"
