"""`wrong-bytes`: the bytes do not have the digest under which the registry serves them."""

from bake_compiler.oci.snapshot import Snapshot, TroubleKind
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.manifests.pieces import by_kind
from bake_compiler.verify.promise import Promise

CODE = "wrong-bytes"


def check_wrong_bytes(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Findings for content whose bytes do not have the digest under which the registry serves it."""
    return by_kind(promise, snapshot, TroubleKind.WRONG, CODE)
