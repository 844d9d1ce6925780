"""`malformed`: content that does not have the form that its type requires."""

from bake_compiler.oci.snapshot import Snapshot, TroubleKind
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.manifests.pieces import by_kind
from bake_compiler.verify.promise import Promise

CODE = "malformed"


def check_malformed(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Findings for indexes, manifests and configs that are unreadable, nested too deep, or of an unexpected type."""
    return by_kind(promise, snapshot, TroubleKind.MALFORMED, CODE)
