"""`diff-id`: the layers are not those that the image's config names."""

from bake_compiler.verify.binaries.deep import Deep
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise

CODE = "diff-id"


def check_diff_id(promise: Promise, deep: Deep) -> tuple[Finding, ...]:
    """Uncompressed layers with another digest than rootfs.diff_ids has in their place, or another number of them."""
    stated, layers = deep.config.rootfs.diff_ids, deep.layers
    # of another algorithm than sha256 it is wrong too: engines compare the texts
    wrong = [(layer, diff_id) for layer, diff_id in zip(layers, stated, strict=False) if layer.diff_id != diff_id]
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
