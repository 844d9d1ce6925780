"""`platform-missing`: the index lacks a promised platform."""

from bake_compiler.oci.snapshot import Snapshot
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.manifests.pieces import listed
from bake_compiler.verify.promise import Promise

CODE = "platform-missing"


def check_platform_missing(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Platforms that were promised and have no entry in the index.

    If no platform was promised, an index without any platform is one finding.
    """
    if not (snapshot.index or snapshot.manifest):
        return ()
    if snapshot.index and not promise.platforms:
        message, hint = "the index has no platform at all", "push the image again"
        return (Finding(promise.image, None, CODE, message, hint),)
    there = listed(snapshot)
    hint = "build it for this platform too, or declare why not"
    return tuple(
        Finding(promise.image, platform, CODE, f"the index has no {platform}", hint)
        for platform in promise.platforms
        if platform not in there
    )
