"""`absent`: the registry has nothing under the reference."""

from bake_compiler.oci.snapshot import Snapshot, TroubleKind
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise

CODE = "absent"


def check_absent(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Findings for the reference and for the image's other tags, if the registry says that they do not exist."""
    return tuple(
        Finding(promise.image, None, CODE, f"nothing is there: {trouble.message}", trouble.hint)
        for trouble in (snapshot.trouble, *(tag.trouble for tag in snapshot.tags))
        if trouble and trouble.kind is TroubleKind.MISSING
    )
