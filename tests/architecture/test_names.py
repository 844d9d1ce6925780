"""One public name has one meaning: no class or function has its name from a class or function of another module."""

import ast
from collections import defaultdict

from tests.architecture.modules import name_of, sources, tree_of

BY_DESIGN = {
    "bake_compiler.cli.": "a command's function has the name of the command, as typer takes it from there",
    "bake_compiler.system.watchdog.main": "the watchdog is a program of its own, as the command line is",
    "bake_compiler.verbs.doctor.checks.": "a check of doctor has the name of its file; it is a row of a tuple",
}
"""The beginning of a full name → why it may be a second meaning."""


def public_names() -> dict[str, list[str]]:
    """Name → the full names of the classes and functions that have it."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sources():
        for node in tree_of(path).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith(
                "_"
            ):
                found[node.name].append(f"{name_of(path)}.{node.name}")
    return found


def test_no_public_name_has_two_meanings() -> None:
    twice = {
        name: left
        for name, full in public_names().items()
        if len(left := [each for each in full if not each.startswith(tuple(BY_DESIGN))]) > 1
    }

    assert twice == {}


def test_every_exception_is_needed() -> None:
    twice = [each for full in public_names().values() if len(full) > 1 for each in full]

    assert [beginning for beginning in BY_DESIGN if not any(each.startswith(beginning) for each in twice)] == []
