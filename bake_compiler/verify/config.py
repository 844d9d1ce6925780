"""Each image says of itself what the index says of it: a label is a claim."""

from collections.abc import Iterator

from bake_compiler.oci.snapshot import Snapshot
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise


def check_config(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Operating system, architecture or variant of a config that are not those of its entry."""
    return tuple(_lies(promise, snapshot))


def _lies(promise: Promise, snapshot: Snapshot) -> Iterator[Finding]:
    for child in snapshot.images:
        if child.config and child.platform and child.config.platform != child.platform:
            message = f"the index says {child.platform}, the image itself {child.config.platform}"
            hint = "a FROM or COPY --from with a fixed --platform? let each stage use the target's"
            yield Finding(promise.image, child.platform, "platform-lie", message, hint)
