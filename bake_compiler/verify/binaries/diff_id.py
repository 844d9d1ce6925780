"""`diff-id`: the layers are not the ones that the image's config names."""

from bake_compiler.verify.binaries.deep import Deep
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise

CODE = "diff-id"


def check_diff_id(promise: Promise, deep: Deep) -> tuple[Finding, ...]:
    """One finding if a layer's uncompressed digest is not its entry in rootfs.diff_ids, or if their numbers differ."""
    stated, layers = deep.config.rootfs.diff_ids, deep.layers
    # a diff_id of another algorithm than sha256 is wrong too: engines compare the texts
    wrong = [(layer, diff_id) for layer, diff_id in zip(layers, stated, strict=False) if layer.diff_id != diff_id]
    if len(stated) != len(layers):
        message = f"the manifest has {len(layers)} layers, the config names {len(stated)}"
    elif wrong:
        layer, diff_id = wrong[0]
        message = f"layer {layer.digest} is {layer.diff_id} uncompressed, the config says {diff_id}"
        message += f"; {len(wrong) - 1} more are wrong" if len(wrong) > 1 else ""
    else:
        return ()
    hint = "no engine unpacks this image: build and push it again"
    return (Finding(promise.image, deep.platform, CODE, message, hint),)
