"""Models as people write them are clean in mypy and pyright, without a plugin, and what is wrong with one is shown."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.typing.sources import ROOT, Source, every_field, mistakes, written

Errors: TypeAlias = Mapping[str, Mapping[int, str]]
"""Name of a file → line → the first error there."""

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


def grouped(found: Iterable[tuple[str, int, str]]) -> Errors:
    errors: dict[str, dict[int, str]] = {}
    for name, line, text in found:
        errors.setdefault(name, {}).setdefault(line, text)
    return errors


SOURCES = {f"source_{number:03}": source for number, source in enumerate((*written(), mistakes(), every_field()))}


@pytest.fixture(scope="module", params=[by_mypy, by_pyright], ids=["mypy", "pyright"])
def errors(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Errors:
    """What one checker finds in all of it."""
    check: Callable[[Path], Iterator[tuple[str, int, str]]] = request.param
    folder = tmp_path_factory.mktemp("sources")
    for name, source in SOURCES.items():
        (folder / f"{name}.py").write_text(source.text, encoding="utf-8")
    return grouped(check(folder))


@pytest.mark.parametrize("name", SOURCES, ids=[source.origin for source in SOURCES.values()])
def test_a_checker_finds_all_that_is_wrong_and_nothing_else(errors: Errors, name: str) -> None:
    source, found = SOURCES[name], errors.get(name, {})

    assert {line: text for line, text in found.items() if line not in source.wrong} == {}
    assert [shown(source, line) for line in sorted(source.wrong - found.keys())] == []


def shown(source: Source, line: int) -> str:
    return f"{line}: {source.text.splitlines()[line - 1]}"


def test_the_sources_are_all_of_them() -> None:
    origins = [source.origin for source in SOURCES.values()]

    assert sum(origin.startswith("components/") for origin in origins) == 13
    assert sum(origin.startswith("docs/writing-models.md") for origin in origins) == 20
    assert {"README.md", "tests"} <= {origin.partition("/")[0].partition(":")[0] for origin in origins}
