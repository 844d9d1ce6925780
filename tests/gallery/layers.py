"""Layers with files in them, in every compression, as builders write them and as they should not."""

import gzip
import io
import sys
import tarfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from bake_compiler.oci.digest import Digest
from tests.fakes.images import DOCKER_LAYER, LAYER, Layer

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TAR = "application/vnd.oci.image.layer.v1.tar"
ZSTD = f"{TAR}+zstd"
DOCKER_ZSTD = "application/vnd.docker.image.rootfs.diff.tar.zstd"
_COMPRESS: Mapping[str, Callable[[bytes], bytes]] = {
    TAR: bytes,
    LAYER: lambda content: gzip.compress(content, 1, mtime=0),
    DOCKER_LAYER: lambda content: gzip.compress(content, 1, mtime=0),
    ZSTD: zstd.compress,
    DOCKER_ZSTD: zstd.compress,
}


@dataclass(frozen=True)
class File:
    """A file that is not just a program: with this mode, or a link to this target."""

    content: bytes = b""
    mode: int = 0o644
    symlink: str = ""
    hard_link: str = ""


Files = Mapping[str, bytes | File]
"""What is at which path; plain bytes are an executable file."""

GONE = File()
"""What a whiteout holds."""


def link(target: str) -> File:
    return File(symlink=target)


def layer_of(files: Files, media_type: str = LAYER) -> Layer:
    """A sound layer."""
    tar = tar_of(files)
    return Layer(_COMPRESS[media_type](tar), media_type, Digest.of(tar))


def layers_of(*parts: Files, media_type: str = LAYER) -> Iterable[Layer]:
    """Sound layers, lowest first."""
    return tuple(layer_of(files, media_type) for files in parts)


def tar_of(files: Files) -> bytes:
    """An archive of these files, and of nothing else: no directories, which a layer need not have."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, file in files.items():
            entry = file if isinstance(file, File) else File(file, 0o755)
            member = tarfile.TarInfo(path)
            member.mode = entry.mode
            member.size = len(entry.content)
            if entry.symlink:
                member.type, member.linkname = tarfile.SYMTYPE, entry.symlink
            elif entry.hard_link:
                member.type, member.linkname = tarfile.LNKTYPE, entry.hard_link
            tar.addfile(member, io.BytesIO(entry.content))
    return out.getvalue()
