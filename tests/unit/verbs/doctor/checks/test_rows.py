"""Each file of verbs/doctor/checks is one check of the same name, and each check has one row."""

from pathlib import Path

from bake_compiler.verbs.doctor import checks
from bake_compiler.verbs.doctor.checks import CHECKS, DOCTOR_CHECKS, WITHOUT_PREFLIGHT


def test_every_file_is_a_check_with_one_row() -> None:
    folder = Path(checks.__path__[0])
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}

    assert sorted(check.__name__ for check in DOCTOR_CHECKS) == sorted(f"check_{name}" for name in files)


def test_a_build_makes_no_check_that_doctor_does_not() -> None:
    assert set(WITHOUT_PREFLIGHT) < set(CHECKS) < set(DOCTOR_CHECKS)
