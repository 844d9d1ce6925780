"""The index lists exactly the promised platforms, each once."""

from collections import Counter
from collections.abc import Iterator

from bake_compiler.oci.platform import Platform
from bake_compiler.oci.snapshot import Child, Snapshot
from bake_compiler.verify.finding import Finding, Severity
from bake_compiler.verify.promise import Promise

_UNKNOWN = {"", "unknown"}


def check_platforms(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Platforms missing, twice, or extra; and entries that say of no platform that they run on it."""
    if not snapshot.index and not snapshot.manifest:
        return ()
    listed = Counter(child.platform for child in snapshot.images if child.platform)
    return (
        *_missing(promise, listed),
        *_twice(promise, listed),
        *_extra(promise, listed),
        *_unknown(promise, snapshot),
    )


def _missing(promise: Promise, listed: Counter[Platform]) -> Iterator[Finding]:
    for platform in promise.platforms:
        if platform not in listed:
            message = f"the index has no {platform}"
            hint = "build it for this platform too, or declare why not"
            yield Finding(promise.image, platform, "platform-missing", message, hint)


def _twice(promise: Promise, listed: Counter[Platform]) -> Iterator[Finding]:
    for platform, times in listed.items():
        if times > 1 and _runnable(platform):
            message = f"the index has {times} entries for {platform}: which one runs is left to chance"
            yield Finding(promise.image, platform, "platform-duplicate", message, "push the image anew")


def _extra(promise: Promise, listed: Counter[Platform]) -> Iterator[Finding]:
    for platform in listed:
        if platform not in promise.platforms and _runnable(platform):
            message = f"the index also has {platform}, which nobody promised"
            hint = "declare it, or drop it from the build"
            yield Finding(promise.image, platform, "platform-extra", message, hint, Severity.WARNING)


def _unknown(promise: Promise, snapshot: Snapshot) -> Iterator[Finding]:
    """An attestation is known by its annotation or artifactType; unknown/unknown alone proves nothing."""
    for child in snapshot.images:
        if not _readable_without_platform(child, snapshot) and not _runnable(child.platform):
            message = f"entry {child.descriptor.digest} is neither an attestation nor for a known platform"
            hint = "push the image anew with buildx, which marks its attestations"
            yield Finding(promise.image, None, "platform-unknown", message, hint)


def _readable_without_platform(child: Child, snapshot: Snapshot) -> bool:
    return snapshot.manifest is not None and child.config is None


def _runnable(platform: Platform | None) -> bool:
    return platform is not None and not _UNKNOWN & {platform.os, platform.architecture}
