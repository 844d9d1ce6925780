"""Same models, same bytes: on any machine, from any place."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CASE = Path(__file__).parents[2] / "golden" / "full"


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ({"PYTHONHASHSEED": "1"}, "."),
        ({"PYTHONHASHSEED": "2"}, "components/web"),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, "."),
        ({"LC_ALL": "tr_TR.ISO-8859-9", "PYTHONIOENCODING": "latin-1"}, "."),
        ({"TZ": "Pacific/Kiritimati"}, "components"),
        ({"SOURCE_DATE_EPOCH": "1", "TAG": "mine", "REGISTRY": "mine.example"}, "."),
    ],
    ids=["seed", "place", "C", "locale", "zone", "variables"],
)
def test_the_file_is_the_same_whatever_the_environment(environment: dict[str, str], place: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bake_compiler", "compile", "-o", "-"],
        cwd=CASE / place,
        env={**os.environ, **environment},
        capture_output=True,
        check=True,
    )

    assert done.stdout == (CASE / "docker-bake.hcl").read_bytes()
