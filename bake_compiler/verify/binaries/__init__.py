"""The checks of `--deep`: they look into the layers of an image. Each check has one file and one finding code."""

from collections.abc import Callable

from bake_compiler.verify.binaries.deep import Deep
from bake_compiler.verify.binaries.diff_id import check_diff_id
from bake_compiler.verify.binaries.entrypoint import check_entrypoint
from bake_compiler.verify.binaries.foreign_format import check_foreign_format
from bake_compiler.verify.binaries.interpreter import check_interpreter
from bake_compiler.verify.binaries.loader import check_loader
from bake_compiler.verify.binaries.machine import check_machine
from bake_compiler.verify.binaries.machine_deleted import check_machine_deleted
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise

__all__ = ["BINARY_CHECKS", "BinaryCheck", "Deep", "check_binaries"]

BinaryCheck = Callable[[Promise, Deep], tuple[Finding, ...]]

BINARY_CHECKS: tuple[BinaryCheck, ...] = (
    check_entrypoint,
    check_interpreter,
    check_loader,
    check_machine,
    check_machine_deleted,
    check_foreign_format,
    check_diff_id,
)


def check_binaries(promise: Promise, deep: Deep) -> tuple[Finding, ...]:
    """Return all findings for the layers of one platform's image. Findings for what the image starts come first."""
    return tuple(finding for check in BINARY_CHECKS for finding in check(promise, deep))
