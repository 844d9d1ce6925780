"""`same-manifest`: the same manifest is listed for several platforms."""

from collections import defaultdict

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.snapshot import Snapshot
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise

CODE = "same-manifest"


def check_same_manifest(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Findings for manifests that are listed for several platforms.

    A manifest can be right for one platform at most.
    """
    platforms: dict[Digest, set[Platform]] = defaultdict(set)
    for child in snapshot.images:
        if child.platform:
            platforms[child.descriptor.digest].add(child.platform)
    return tuple(
        Finding(
            promise.image,
            platform,
            CODE,
            f"{digest} is listed for {', '.join(map(str, sorted(shared)))}: it runs on one at most",
            "build each platform, instead of tagging one image for all",
        )
        for digest, shared in platforms.items()
        if len(shared) > 1
        for platform in sorted(shared)
    )
