"""`over-limit`: more than any sound image has: it was not read."""

from bake_compiler.oci.snapshot import Snapshot, TroubleKind
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.manifests.pieces import by_kind
from bake_compiler.verify.promise import Promise

CODE = "over-limit"


def check_over_limit(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Answers, indexes or manifests above the limits of what bakec reads."""
    return by_kind(promise, snapshot, TroubleKind.OVER_LIMIT, CODE)
