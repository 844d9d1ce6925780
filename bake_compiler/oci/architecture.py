"""The tag of one platform of an image, beside the tag of them all."""

import re

from bake_compiler.oci.platform import ARCHITECTURES, SYSTEMS, Platform
from bake_compiler.oci.reference import Reference

_SUFFIX = re.compile(rf"-(?:(?:{'|'.join(SYSTEMS)})-)?(?:{'|'.join(ARCHITECTURES)})(?:-v[0-9]+)?\Z")


def suffix_of(platform: Platform) -> str:
    """What the tag of one platform ends with: `-arm64`, `-arm-v7`; of another system than Linux `-windows-amd64`."""
    return f"-{str(platform).removeprefix('linux/').replace('/', '-')}"


def architecture_tag(tag: Reference, platform: Platform) -> Reference:
    """`web:1.0` → `web:1.0-arm64`.

    Raises:
        ValueError: that is too long for a tag.
    """
    return tag.tagged(f"{tag.tag}{suffix_of(platform)}")


def without_architecture(tag: str) -> str:
    """The tag that the one of a platform was made from, `stable` of `stable-arm64`; any other tag as it is."""
    return _SUFFIX.sub("", tag)
