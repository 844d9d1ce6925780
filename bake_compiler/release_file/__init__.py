"""The release file: what was published, the differences between two files, and pins for deployment tools."""

from bake_compiler.release_file.file import (
    SCHEMA,
    ReleasedBase,
    ReleasedImage,
    ReleasedPlatform,
    ReleaseFile,
    read_release_file,
    render_release_file,
)

__all__ = [
    "SCHEMA",
    "ReleaseFile",
    "ReleasedBase",
    "ReleasedImage",
    "ReleasedPlatform",
    "read_release_file",
    "render_release_file",
]
