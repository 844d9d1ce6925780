"""`platform-lie`: an image says itself that it is for another platform than its entry says."""

from bake_compiler.oci.snapshot import Snapshot
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise

CODE = "platform-lie"


def check_platform_lie(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Operating system, architecture or variant of a config that are not those of its entry."""
    return tuple(
        Finding(
            promise.image,
            child.platform,
            CODE,
            f"the index says {child.platform}, the image itself {child.config.platform}",
            "an index that was put together by hand, or merged wrongly: push all platforms in one build",
        )
        for child in snapshot.images
        if child.config and child.platform and child.config.platform != child.platform
    )
