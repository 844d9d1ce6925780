"""`platform-unknown`: an entry that is neither an attestation nor for a known platform."""

from bake_compiler.oci.snapshot import Child, Snapshot
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise

CODE = "platform-unknown"


def check_platform_unknown(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """An attestation is known by its annotation or artifactType; unknown/unknown alone proves nothing."""
    return tuple(
        Finding(
            promise.image,
            None,
            CODE,
            f"entry {child.descriptor.digest} is neither an attestation nor for a known platform",
            "push the image anew with buildx, which marks its attestations",
        )
        for child in snapshot.images
        if not (child.platform and child.platform.is_known) and not _could_not_say(child, snapshot)
    )


def _could_not_say(child: Child, snapshot: Snapshot) -> bool:
    """A plain manifest whose config, which would name the platform, could not be read: that is found elsewhere."""
    return snapshot.manifest is not None and child.config is None
