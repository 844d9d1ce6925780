"""`diff-id`: the layers are not those that the image's config names."""

from bake_compiler.deep.layer import LayerFacts
from bake_compiler.oci.digest import Digest
from bake_compiler.verify.binaries.deep import Deep
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise

CODE = "diff-id"


def check_diff_id(promise: Promise, deep: Deep) -> tuple[Finding, ...]:
    """Uncompressed layers with another digest than rootfs.diff_ids has in their place, or another number of them."""
    stated, layers = deep.config.rootfs.diff_ids, deep.layers
    wrong = [pair for pair in zip(layers, stated, strict=False) if _differ(*pair)]
    if len(stated) != len(layers):
        message = f"the manifest has {len(layers)} layers, the config names {len(stated)}"
    elif wrong:
        layer, diff_id = wrong[0]
        message = f"layer {layer.digest} is {layer.diff_id} uncompressed, the config says {diff_id}"
        message += f"; {len(wrong) - 1} more are wrong" if len(wrong) > 1 else ""
    else:
        return ()
    hint = "no engine unpacks this image: build and push it anew"
    return (Finding(promise.image, deep.platform, CODE, message, hint),)


def _differ(layer: LayerFacts, stated: Digest) -> bool:
    return layer.diff_id != stated and layer.diff_id.algorithm == stated.algorithm
