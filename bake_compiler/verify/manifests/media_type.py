"""`media-type`: an image with other content than image configs and layers."""

from collections.abc import Iterator

from bake_compiler.oci.manifest import CONFIGS, LAYERS
from bake_compiler.oci.snapshot import Child, Snapshot
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise

CODE = "media-type"


def check_media_type(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Findings for configs and layers whose types container engines do not unpack."""
    return tuple(
        dict.fromkeys(
            Finding(
                promise.image,
                child.platform,
                CODE,
                f"{what} {media_type!r} is not one that container engines know",
                "push it as an image, with layers as tar, tar+gzip or tar+zstd",
            )
            for child in snapshot.images
            if child.platform and child.platform.is_known  # `platform-unknown` finds entries without a platform
            for what, media_type in _strange(child)
        )
    )


def _strange(child: Child) -> Iterator[tuple[str, str]]:
    if child.manifest is None:
        return
    if child.manifest.config.media_type not in CONFIGS:
        yield "config of type", child.manifest.config.media_type
    for layer in child.manifest.layers:
        if layer.media_type not in LAYERS:
            yield "layer of type", layer.media_type
