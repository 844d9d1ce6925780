"""What bakec does differently for a builder driver stands in one table: no other module compares a driver's name."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from bake_compiler.model.drivers import DRIVERS, Driver
from tests.architecture.modules import PACKAGE, name_of, sources, tree_of

TABLE = PACKAGE / "model" / "drivers.py"
NAMES = frozenset(row.name for row in DRIVERS)


def compared(tree: ast.AST) -> Iterator[str]:
    """Names of drivers that stand in a comparison, in a case of a match, or two and more in one set or tuple."""
    for node in ast.walk(tree):
        match node:
            case ast.Compare():
                parts = [node.left, *node.comparators]
                yield from (name for part in parts for name in names_in(part))
            case ast.MatchValue(value=ast.Constant(value=str() as name)) if name in NAMES - {"docker"}:
                yield name  # `case ("docker", "info")` is a command
            case ast.Set(elts=elements) | ast.Tuple(elts=elements) | ast.List(elts=elements):
                found = [name for each in elements for name in names_in(each)]
                yield from found if len(found) > 1 else ()
            case _:
                pass


def names_in(node: ast.AST) -> list[str]:
    match node:
        case ast.Constant(value=str() as name) if name in NAMES:
            return [name]
        case ast.Set(elts=elements) | ast.Tuple(elts=elements):
            return [name for each in elements for name in names_in(each)]
        case _:
            return []


def test_every_driver_that_a_model_can_name_has_a_row() -> None:
    assert get_args(Driver) and set(get_args(Driver)) == NAMES  # noqa: PT018 - an empty type would say nothing


def test_no_module_compares_the_name_of_a_driver() -> None:
    found = {name_of(path): sorted(compared(tree_of(path))) for path in sources() if path != TABLE}

    assert {name: names for name, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "text",
    [
        'driver == "remote"',
        '"docker" != builder.driver',
        'driver in {"docker", "docker-container"}',
        'HERE = frozenset({"docker", "docker-container"})',
        'HERE = ("docker", "kubernetes")',
        'match driver:\n    case "kubernetes":\n        pass',
    ],
)
def test_a_comparison_is_found(text: str, tmp_path: Path) -> None:
    path = tmp_path / "made_up.py"
    path.write_text(text, encoding="utf-8")

    assert list(compared(tree_of(path)))
