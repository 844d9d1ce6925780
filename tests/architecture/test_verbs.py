"""One convention for all verbs: where the command line, the work, the value and the output of a verb are."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from bake_compiler.cli.app import VERBS
from tests.architecture.modules import PACKAGE, tree_of

FOLDER = PACKAGE / "verbs"
SHARED = {"edges.py", "release_files.py"}
"""What is in verbs/ and is no verb: what the command line hands to all of them."""
WITHOUT_RUN = {
    "builder": "its own verbs are modules: up, ls, rm",
    "plan": "a plan is made in the rooms below; the verb has what is shown: the plan, one image (why), emulation",
}
"""Verb → why it has no run.py."""


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_has_its_command_line_and_its_folder(verb: str) -> None:
    expected = {"__init__.py"} if verb in WITHOUT_RUN else {"__init__.py", "run.py"}

    assert (PACKAGE / "cli" / f"{verb}.py").is_file()
    assert expected <= {path.name for path in (FOLDER / verb).glob("*.py")}


def test_verbs_has_no_other_folder_or_module() -> None:
    found = {path.name for path in FOLDER.iterdir() if path.name not in {"__pycache__", "__init__.py"}}

    assert found == SHARED | set(VERBS)


def test_every_exception_is_needed() -> None:
    assert [verb for verb in WITHOUT_RUN if (FOLDER / verb / "run.py").exists()] == []


@pytest.mark.parametrize("verb", [verb for verb in VERBS if (FOLDER / verb / "show.py").exists()])
def test_what_is_shown_is_a_value_of_result_and_not_of_run(verb: str) -> None:
    assert list(imported(FOLDER / verb / "show.py", f"bake_compiler.verbs.{verb}.run")) == []


@pytest.mark.parametrize("verb", [verb for verb in VERBS if (FOLDER / verb / "result.py").exists()])
def test_a_result_knows_neither_the_work_nor_the_output(verb: str) -> None:
    path = FOLDER / verb / "result.py"

    assert list(imported(path, *(f"bake_compiler.verbs.{verb}.{name}" for name in ("run", "show")))) == []


def imported(path: Path, *modules: str) -> Iterator[str]:
    """The names that a file imports from these modules."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and node.module in modules:
            yield from (name.name for name in node.names)
