"""`./dev matrix` says what could not run, and never ends well without it."""

import sys

import pytest

from tests import matrix


def test_a_python_that_is_not_there_is_named_and_the_verb_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert matrix.main(["3.99"]) == 1

    assert capsys.readouterr().out.startswith("matrix: 3.99: could not run: python3.99 is not on PATH")


def test_a_name_that_is_no_python_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert matrix.main(["highest"]) == 2

    assert "'highest' is neither a Python such as 3.12 nor lowest" in capsys.readouterr().err


def test_the_lowest_dependencies_are_the_floors_with_the_locked_tools() -> None:
    wanted = matrix.lowest()

    assert "python-hcl2==8.1.4" in wanted
    assert any(each.startswith("isal==") for each in wanted)
    assert any(each.startswith("pytest==") for each in wanted)
    assert not any(">" in each.partition(";")[0] for each in wanted)


def test_this_python_is_found() -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"

    assert next(matrix._found(version), None)
