"""Models as people write them are clean in mypy and pyright, without a plugin, and what is wrong with one is shown."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.typing.sources import ROOT, every_field, mistakes, written

pytestmark = pytest.mark.slow

Check: TypeAlias = Callable[[Path], Iterator[tuple[str, int, str]]]
"""All errors that a checker finds in the files of a folder: name of the file, line, text."""

_MYPY = re.compile(r"^(\w+)\.py:(\d+): error: (.*)$", re.MULTILINE)


def by_mypy(folder: Path) -> Iterator[tuple[str, int, str]]:
    options = ["--strict", "--config-file=", f"--cache-dir={ROOT / '.mypy_cache/typing'}", "--no-error-summary"]
    done = checked("mypy", *options, folder=folder)
    yield from ((name, int(line), text) for name, line, text in _MYPY.findall(done))


def by_pyright(folder: Path) -> Iterator[tuple[str, int, str]]:
    strict = {"typeCheckingMode": "strict", "reportUnusedExpression": False}  # an example may be an expression
    (folder / "pyrightconfig.json").write_text(json.dumps(strict), encoding="utf-8")
    done = checked("pyright", "--outputjson", f"--pythonpath={sys.executable}", folder=folder)
    for each in json.loads(done)["generalDiagnostics"]:
        if each["severity"] == "error":
            yield Path(each["file"]).stem, each["range"]["start"]["line"] + 1, each["message"]


def checked(checker: str, *options: str, folder: Path) -> str:
    """What a checker prints of all files of a folder, from where it sees bakec only as it is installed."""
    files = sorted(path.name for path in folder.glob("*.py"))
    argv = [sys.executable, "-m", checker, *options, *files]
    env = {**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    done = subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    return done.stdout


SOURCES = {f"source_{number:03}": source for number, source in enumerate((*written(), mistakes(), every_field()))}


@pytest.mark.parametrize("check", [by_mypy, by_pyright], ids=["mypy", "pyright"])
def test_a_checker_finds_all_that_is_wrong_and_nothing_else(check: Check, tmp_path: Path) -> None:
    for name, source in SOURCES.items():
        (tmp_path / f"{name}.py").write_text(source.text, encoding="utf-8")

    found = {(SOURCES[name].origin, line): text for name, line, text in check(tmp_path)}

    wrong = {(source.origin, line) for source in SOURCES.values() for line in source.wrong}
    assert {place: text for place, text in found.items() if place not in wrong} == {}
    lines = {source.origin: source.text.splitlines() for source in SOURCES.values()}
    assert [f"{origin}: {lines[origin][line - 1]}" for origin, line in sorted(wrong - found.keys())] == []


def test_the_sources_are_all_of_them() -> None:
    origins = [source.origin for source in SOURCES.values()]

    assert sum(origin.startswith("components/") for origin in origins) == 13
    assert sum(origin.startswith("docs/writing-models.md") for origin in origins) == 20
    assert {"README.md", "tests"} <= {origin.partition("/")[0].partition(":")[0] for origin in origins}
