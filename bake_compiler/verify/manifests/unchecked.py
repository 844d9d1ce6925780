"""`unchecked`: the registry did not answer, so bakec can't prove that the content is right."""

from bake_compiler.oci.snapshot import Snapshot, TroubleKind
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.manifests.pieces import by_kind
from bake_compiler.verify.promise import Promise

CODE = "unchecked"


def check_unchecked(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Findings for everything that the registry did not answer: it refused, failed, or could not be reached."""
    found = by_kind(promise, snapshot, TroubleKind.UNCHECKED, CODE)
    if promise.provenance and (trouble := snapshot.unlisted):
        message = f"bakec can't see whether the image has provenance: {trouble.message}"
        found = (*found, Finding(promise.image, None, CODE, message, trouble.hint))
    return found
