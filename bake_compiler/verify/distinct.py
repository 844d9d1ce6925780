"""No two platforms are one and the same manifest."""

from collections import defaultdict
from collections.abc import Iterator

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.snapshot import Snapshot
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise


def check_distinct(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """A manifest listed for several platforms: it can be right for one at most."""
    return tuple(_shared(promise, snapshot))


def _shared(promise: Promise, snapshot: Snapshot) -> Iterator[Finding]:
    platforms: dict[Digest, set[Platform]] = defaultdict(set)
    for child in snapshot.images:
        if child.platform:
            platforms[child.descriptor.digest].add(child.platform)
    for digest, shared in platforms.items():
        if len(shared) > 1:
            message = f"{digest} is listed for {', '.join(sorted(map(str, shared)))}: it runs on one at most"
            hint = "build each platform, in place of tagging one image for all"
            for platform in sorted(shared):
                yield Finding(promise.image, platform, "same-manifest", message, hint)
