"""Tags of a single platform, such as `1.0-arm64` beside `1.0`."""

import re

from bake_compiler.oci.platform import ARCHITECTURES, SYSTEMS, Platform
from bake_compiler.oci.reference import Reference

_SUFFIX = re.compile(rf"-(?:(?:{'|'.join(SYSTEMS)})-)?(?:{'|'.join(ARCHITECTURES)})(?:-v[0-9]+)?\Z")


def suffix_of(platform: Platform) -> str:
    """Return the ending of a single platform's tag: `-arm64`, `-arm-v7`. Other systems are named: `-windows-amd64`."""
    return f"-{str(platform).removeprefix('linux/').replace('/', '-')}"


def architecture_tag(tag: Reference, platform: Platform) -> Reference:
    """Return a single platform's tag: `web:1.0` → `web:1.0-arm64`.

    Raises:
        ValueError: the result is too long for a tag.
    """
    return tag.tagged(f"{tag.tag}{suffix_of(platform)}")


def without_architecture(tag: str) -> str:
    """Return the tag without its platform, `stable` for `stable-arm64`; any other tag is returned unchanged."""
    return _SUFFIX.sub("", tag)
