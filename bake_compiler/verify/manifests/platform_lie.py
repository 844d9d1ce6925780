"""`platform-lie`: an image's config names another platform than the image's entry in the index."""

from dataclasses import replace

from bake_compiler.oci.manifest import ImageConfig
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.snapshot import Snapshot
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise

CODE = "platform-lie"


def check_platform_lie(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Findings for configs whose operating system, architecture or variant differs from the entry in the index.

    For arm, a config without a variant is no difference: many tools leave the variant out.
    """
    return tuple(
        Finding(
            promise.image,
            child.platform,
            CODE,
            f"the index says {child.platform}, the image itself {child.config.platform}",
            "an index that was put together by hand, or merged wrongly: push all platforms in one build",
        )
        for child in snapshot.images
        if child.config and child.platform and _differ(child.config, child.platform)
    )


def _differ(config: ImageConfig, entry: Platform) -> bool:
    stated = config.platform
    if stated.architecture == "arm" and not config.variant:
        stated = replace(stated, variant=entry.variant)
    return stated != entry
