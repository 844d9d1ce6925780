"""`malformed`: content that is not what its type says."""

from bake_compiler.oci.snapshot import Snapshot, TroubleKind
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.manifests.pieces import by_kind
from bake_compiler.verify.promise import Promise

CODE = "malformed"


def check_malformed(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Indexes, manifests and configs that can't be read, are of another kind than stated, or nested too deep."""
    return by_kind(promise, snapshot, TroubleKind.MALFORMED, CODE)
