"""The checks of `--run`: they look at one start of an image on one platform. Each has one file and one finding code."""

from collections.abc import Callable

from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise
from bake_compiler.verify.smoke.smoke_failed import check_smoke_failed
from bake_compiler.verify.smoke.smoke_machine import check_smoke_machine
from bake_compiler.verify.smoke.smoke_missing import check_smoke_missing
from bake_compiler.verify.smoke.smoke_timeout import check_smoke_timeout
from bake_compiler.verify.smoke.start import Start

__all__ = ["SMOKE_CHECKS", "Start", "check_start"]

SMOKE_CHECKS: tuple[Callable[[Promise, Start], tuple[Finding, ...]], ...] = (
    check_smoke_missing,
    check_smoke_timeout,
    check_smoke_failed,
    check_smoke_machine,
)


def check_start(promise: Promise, start: Start) -> tuple[Finding, ...]:
    """All findings for one start. An empty result means that the image ran, on the right machine."""
    return tuple(finding for check in SMOKE_CHECKS for finding in check(promise, start))
