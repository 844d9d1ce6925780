"""`platform-missing`: the index lacks a promised platform."""

from bake_compiler.oci.snapshot import Snapshot
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.manifests.pieces import is_readable, listed
from bake_compiler.verify.promise import Promise

CODE = "platform-missing"


def check_platform_missing(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Promised platforms that no entry is for."""
    if not is_readable(snapshot):
        return ()
    there = listed(snapshot)
    hint = "build it for this platform too, or declare why not"
    return tuple(
        Finding(promise.image, platform, CODE, f"the index has no {platform}", hint)
        for platform in promise.platforms
        if platform not in there
    )
