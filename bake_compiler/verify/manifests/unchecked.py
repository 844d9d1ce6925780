"""`unchecked`: what could not be asked for: no one knows whether it is right, so it is not."""

from bake_compiler.oci.snapshot import Snapshot, TroubleKind
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.manifests.pieces import by_kind
from bake_compiler.verify.promise import Promise

CODE = "unchecked"


def check_unchecked(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Everything that the registry did not answer for: refused, out of reach, or failing."""
    found = by_kind(promise, snapshot, TroubleKind.UNCHECKED, CODE)
    if promise.provenance and (trouble := snapshot.unlisted):
        message = f"whether provenance is kept beside it: {trouble.message}"
        found = (*found, Finding(promise.image, None, CODE, message, trouble.hint))
    return found
