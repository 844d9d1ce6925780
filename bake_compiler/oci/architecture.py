"""The tag of one platform of an image, beside the tag of them all."""

from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference


def architecture_tag(tag: Reference, platform: Platform) -> Reference:
    """`web:1.0` → `web:1.0-arm64`, `web:1.0-arm-v7`; a system that is not Linux is named too: `web:1.0-windows-amd64`.

    Raises:
        ValueError: that is too long for a tag.
    """
    return tag.tagged(f"{tag.tag}-{str(platform).removeprefix('linux/').replace('/', '-')}")
