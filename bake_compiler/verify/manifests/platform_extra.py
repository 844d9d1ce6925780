"""`platform-extra`: the index has a platform that was not promised."""

from bake_compiler.oci.snapshot import Snapshot
from bake_compiler.verify.finding import Finding, Severity
from bake_compiler.verify.manifests.pieces import listed
from bake_compiler.verify.promise import Promise

CODE = "platform-extra"


def check_platform_extra(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """One warning for each platform on which the image could run and that was not promised."""
    hint = "declare it, or drop it from the build"
    return tuple(
        Finding(
            promise.image,
            platform,
            CODE,
            f"the index also has {platform}, which nobody promised",
            hint,
            Severity.WARNING,
        )
        for platform in listed(snapshot)
        if platform not in promise.platforms
    )
