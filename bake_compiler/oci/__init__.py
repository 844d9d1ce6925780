"""The words of the OCI specifications as small frozen types."""

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import Descriptor, ImageConfig, Index, Manifest
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import Child, RawManifest, Snapshot

__all__ = [
    "Child",
    "Descriptor",
    "Digest",
    "ImageConfig",
    "Index",
    "Manifest",
    "Platform",
    "RawManifest",
    "Reference",
    "Snapshot",
]
