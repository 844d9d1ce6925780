"""`over-limit`: the content is larger than any normal image, so bakec did not read it."""

from bake_compiler.oci.snapshot import Snapshot, TroubleKind
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.manifests.pieces import by_kind
from bake_compiler.verify.promise import Promise

CODE = "over-limit"


def check_over_limit(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Findings for answers, indexes or manifests that are larger than bakec's limits."""
    return by_kind(promise, snapshot, TroubleKind.OVER_LIMIT, CODE)
