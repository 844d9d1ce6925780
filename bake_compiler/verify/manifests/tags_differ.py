"""`tags-differ`: the tags of one image do not all have the same digest."""

from collections.abc import Iterator

from bake_compiler.oci.snapshot import Snapshot
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise

CODE = "tags-differ"


def check_tags_differ(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Findings for tags with another digest than the image's first tag, or than the platform that they must name."""
    return tuple(_differing(promise, snapshot))


def _differing(promise: Promise, snapshot: Snapshot) -> Iterator[Finding]:
    whole = snapshot.raw.digest if snapshot.raw else None
    digests = {child.platform: child.descriptor.digest for child in snapshot.images}
    for tag in snapshot.tags:
        right = digests.get(tag.platform) if tag.platform else whole
        if right and tag.digest and tag.digest != right:
            of = f"{tag.platform} of {snapshot.reference}" if tag.platform else str(snapshot.reference)
            yield Finding(
                promise.image,
                tag.platform,
                CODE,
                f"{tag.reference} is {tag.digest}, but {of} is {right}",
                "a release that was interrupted, or someone moved one of them: build again",
            )
