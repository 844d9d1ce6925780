"""`size`: content that is longer or shorter than its descriptor says."""

from bake_compiler.oci.snapshot import Snapshot
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.manifests.pieces import named, pieces
from bake_compiler.verify.promise import Promise

CODE = "size"


def check_size(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Other sizes in the registry than stated; what the registry tells no size of is left to the layers' readers."""
    return tuple(
        dict.fromkeys(
            Finding(
                promise.image,
                platform,
                CODE,
                f"{named(piece)} has {piece.size} bytes, {piece.descriptor.size} are stated",
                "push the image anew",
            )
            for platform, piece in pieces(snapshot)
            if not piece.trouble and piece.size not in {None, piece.descriptor.size}
        )
    )
