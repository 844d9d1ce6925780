"""`platform-unknown`: an entry that is neither an attestation nor for a known platform."""

from bake_compiler.oci.snapshot import Child, Snapshot
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise

CODE = "platform-unknown"


def check_platform_unknown(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Findings for entries without a known platform that are no attestation.

    An annotation or the artifactType marks an attestation. The platform unknown/unknown alone does not.
    """
    return tuple(
        Finding(
            promise.image,
            None,
            CODE,
            f"entry {child.descriptor.digest} is neither an attestation nor for a known platform",
            "push the image again with buildx, which marks its attestations",
        )
        for child in snapshot.images
        if not (child.platform and child.platform.is_known) and not _could_not_say(child, snapshot)
    )


def _could_not_say(child: Child, snapshot: Snapshot) -> bool:
    """Whether this is a single manifest whose config could not be read. Other checks report this."""
    return snapshot.manifest is not None and child.config is None
