"""stdout is kept for the document."""

import os
import subprocess
import sys

import pytest

from bake_compiler.system.stdout import stdout_on_stderr


def test_what_is_written_in_between_goes_to_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    sys.stdout.write("before\n")
    with stdout_on_stderr():
        sys.stdout.write("by Python\n")
        os.write(1, b"by descriptor\n")
        subprocess.run(["echo", "by a program"], check=True)
    sys.stdout.write("after\n")

    out, err = capfd.readouterr()
    assert out == "before\nafter\n"
    assert sorted(err.splitlines()) == ["by Python", "by a program", "by descriptor"]


def test_stdout_is_back_after_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="wrong"), stdout_on_stderr():
        raise ValueError("wrong")
    os.write(1, b"after\n")

    assert capfd.readouterr().out == "after\n"
