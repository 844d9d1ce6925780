"""`attestation`: an attestation of an image that is not in the index."""

from bake_compiler.oci.manifest import ATTESTATION_TYPE
from bake_compiler.oci.snapshot import Child, Snapshot
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise

CODE = "attestation"


def check_attestation(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Findings for attestations whose subject is not in their index. Other artifacts in the index need no subject."""
    digests = {child.descriptor.digest for child in snapshot.images}
    return tuple(
        Finding(
            promise.image,
            None,
            CODE,
            f"attestation {child.descriptor.digest} is of {child.subject or 'nothing'}, which the index does not have",
            "a copy or a merge has lost or replaced a platform: copy whole indexes, or push the image again",
        )
        for child in snapshot.attestations
        if child.subject not in digests and _must_be_bound(child)
    )


def _must_be_bound(child: Child) -> bool:
    return child.subject is not None or ATTESTATION_TYPE in child.descriptor.annotations
