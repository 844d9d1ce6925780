"""`missing`: content that the index refers to is not in the registry."""

from bake_compiler.oci.snapshot import Snapshot, TroubleKind
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.manifests.pieces import named, pieces
from bake_compiler.verify.promise import Promise

CODE = "missing"


def check_missing(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Findings for manifests, configs and layers that the registry says it does not have."""
    return tuple(
        dict.fromkeys(
            Finding(promise.image, platform, CODE, f"{named(piece)}: {piece.trouble.message}", piece.trouble.hint)
            for platform, piece in pieces(snapshot)
            if piece.trouble and piece.trouble.kind is TroubleKind.MISSING
        )
    )
