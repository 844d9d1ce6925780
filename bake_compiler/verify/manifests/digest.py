"""`digest`: the reference has other content than what was pushed or released."""

from bake_compiler.oci.snapshot import Snapshot
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise

CODE = "digest"


def check_digest(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """One finding if the digest is not the one that buildx reported after the push, or that the release file has."""
    if promise.digest is None or snapshot.raw is None or snapshot.raw.digest == promise.digest:
        return ()
    message = f"{snapshot.reference} holds {snapshot.raw.digest}, {promise.source} has {promise.digest}"
    hint = "someone else pushed it meanwhile: find out who, then build again"
    return (Finding(promise.image, None, CODE, message, hint),)
