"""`wrong-bytes`: bytes that are not those of their digest."""

from bake_compiler.oci.snapshot import Snapshot, TroubleKind
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.manifests.pieces import by_kind
from bake_compiler.verify.promise import Promise

CODE = "wrong-bytes"


def check_wrong_bytes(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Content that the registry serves under a digest that it does not have."""
    return by_kind(promise, snapshot, TroubleKind.WRONG, CODE)
