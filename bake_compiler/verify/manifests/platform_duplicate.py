"""`platform-duplicate`: two entries for one platform."""

from collections import defaultdict

from bake_compiler.oci.platform import Platform
from bake_compiler.oci.snapshot import Snapshot
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise

CODE = "platform-duplicate"


def check_platform_duplicate(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Findings for platforms with several entries. Entries for different versions of Windows are no duplicates."""
    entries: dict[tuple[Platform, str], int] = defaultdict(int)
    for child in snapshot.images:
        if child.platform and child.platform.is_known:
            version = child.descriptor.os_version if child.platform.os == "windows" else ""
            entries[child.platform, version] += 1
    return tuple(
        Finding(
            promise.image,
            platform,
            CODE,
            f"the index has {times} entries for {platform}: which one runs is left to chance",
            "push the image again, or remove the entries that were merged twice",
        )
        for (platform, _), times in entries.items()
        if times > 1
    )
