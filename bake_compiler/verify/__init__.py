"""The checks: what was promised against what the registry holds, each a pure function to findings."""

from collections.abc import Callable

from bake_compiler.oci.snapshot import Snapshot
from bake_compiler.verify.config import check_config
from bake_compiler.verify.content import check_content
from bake_compiler.verify.digest import check_digest
from bake_compiler.verify.distinct import check_distinct
from bake_compiler.verify.finding import Finding, Severity, verified_platforms
from bake_compiler.verify.platforms import check_platforms
from bake_compiler.verify.present import check_present
from bake_compiler.verify.promise import Promise

__all__ = ["CHECKS", "Check", "Finding", "Promise", "Severity", "check_image", "verified_platforms"]

Check = Callable[[Promise, Snapshot], tuple[Finding, ...]]

CHECKS: tuple[Check, ...] = (
    check_present,
    check_digest,
    check_platforms,
    check_content,
    check_config,
    check_distinct,
)


def check_image(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Everything that is not as promised of one image, sorted; none is proof that all of it is."""
    return tuple(sorted(finding for check in CHECKS for finding in check(promise, snapshot)))
