"""`tags-differ`: the tags of one image do not all name the same content."""

from bake_compiler.oci.snapshot import Snapshot
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise

CODE = "tags-differ"


def check_tags_differ(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Tags that name another digest than the image's first one."""
    if snapshot.raw is None:
        return ()
    return tuple(
        Finding(
            promise.image,
            None,
            CODE,
            f"{tag.reference} is {tag.digest}, but {snapshot.reference} is {snapshot.raw.digest}",
            "a release that was interrupted, or someone moved one of them: build again",
        )
        for tag in snapshot.tags
        if tag.digest and tag.digest != snapshot.raw.digest
    )
