"""A release as a file: what was published, how two of them differ, and pins for those who deploy it."""

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
