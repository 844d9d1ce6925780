"""tests/unit mirrors bake_compiler: each folder of tests is of a folder of code, and each folder of code has one."""

from pathlib import Path

from tests.architecture.modules import PACKAGE, ROOT, rooms

UNIT = ROOT / "tests" / "unit"
UNTESTED_ALONE = {
    "report": "its value is tested through its formats, whose folders are below",
    "verbs": "a folder for each verb",
    "verbs/graph": "its graph is tested in tests/unit/graph, its output in tests/golden",
    "verbs/lock": "tested with the command line, in tests/unit/cli/test_lock.py",
    "verbs/report": "tested with the command line, in tests/unit/cli/test_report.py",
    "verbs/rollback": "one call of release/, which tests/unit/release tests",
    "verify/binaries": "tested with layers, in tests/unit/layers/test_checks.py",
    "verify/smoke": "tested with the verb, in tests/unit/verbs/verify/test_smoke.py",
}
"""Folder of bake_compiler without test files of its own → where it is tested."""


def folders(root: Path, pattern: str) -> set[str]:
    """The folders that have a file of this pattern, as paths from the root."""
    return {str(path.parent.relative_to(root)) for path in root.rglob(pattern) if path.parent != root}


def test_each_folder_of_tests_is_of_a_folder_of_code() -> None:
    assert sorted(folders(UNIT, "test_*.py") - folders(PACKAGE, "*.py")) == []


def test_each_folder_of_code_has_tests_or_says_where_they_are() -> None:
    assert sorted(folders(PACKAGE, "*.py") - folders(UNIT, "test_*.py")) == sorted(UNTESTED_ALONE)


def test_a_file_at_the_top_is_of_a_module_at_the_top() -> None:
    modules = {f"test_{room}.py" for room in rooms() if (PACKAGE / f"{room}.py").is_file()}

    assert sorted({path.name for path in UNIT.glob("test_*.py")} - modules) == []
