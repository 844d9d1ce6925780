"""`size`: content is longer or shorter than its descriptor says."""

from bake_compiler.oci.snapshot import Snapshot
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.manifests.pieces import named, pieces
from bake_compiler.verify.promise import Promise

CODE = "size"


def check_size(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Findings for content whose size in the registry differs from its descriptor.

    If the registry does not report a size, the reader of the layers checks it.
    """
    return tuple(
        dict.fromkeys(
            Finding(
                promise.image,
                platform,
                CODE,
                f"{named(piece)} has {piece.size} bytes, its descriptor says {piece.descriptor.size}",
                "push the image again",
            )
            for platform, piece in pieces(snapshot)
            if not piece.trouble and piece.size not in {None, piece.descriptor.size}
        )
    )
