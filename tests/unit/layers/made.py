"""Binaries, tar streams and layers as the tests of `deep` need them: just bytes, right or wrong on purpose."""

import gzip
import io
import struct
import tarfile
from collections.abc import Iterable, Mapping

from bake_compiler.layers.elf import MAGIC
from bake_compiler.layers.layer import Layer, LayerLimits, LayerReader
from bake_compiler.layers.tree import Tree

GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"
TAR = "application/vnd.oci.image.layer.v1.tar"

X86_64, AARCH64, I386, ARM, PPC64, RISCV, BPF = 62, 183, 3, 40, 21, 243, 247
RELOCATABLE, EXECUTABLE, SHARED, CORE = 1, 2, 3, 4

Content = tuple[tarfile.TarInfo, bytes]


def elf(machine: int = X86_64, *, use: int = SHARED, bits: int = 64, little: bool = True, loader: str = "") -> bytes:
    order = "<" if little else ">"
    ident = MAGIC + bytes([bits // 32, 1 if little else 2, 1]) + bytes(9)
    wide = bits == 64
    size = 64 if wide else 52
    header = struct.pack(f"{order}HHI", use, machine, 1)
    header += struct.pack(f"{order}QQQ" if wide else f"{order}III", 0, size, 0)
    header += struct.pack(f"{order}IHHHHHH", 0, size, 56 if wide else 32, 2, 0, 0, 0)
    text = loader.encode() + b"\0"
    at = size + 2 * (56 if wide else 32)
    kind = 3 if loader else 4
    if wide:
        load = struct.pack(f"{order}IIQQQQQQ", 1, 5, 0, 0, 0, 0, 0, 0)
        interp = struct.pack(f"{order}IIQQQQQQ", kind, 4, at, 0, 0, len(text), 0, 1)
    else:
        load = struct.pack(f"{order}IIIIIIII", 1, 0, 0, 0, 0, 0, 5, 0)
        interp = struct.pack(f"{order}IIIIIIII", kind, at, 0, 0, len(text), 0, 4, 1)
    return ident + header + load + interp + text


def pe(machine: int = 0x8664, *, library: bool = False, managed: bool = False, subsystem: int = 3) -> bytes:
    optional = bytearray(240)
    optional[:2] = b"\x0b\x02"
    optional[68:70] = struct.pack("<H", subsystem)
    optional[224:228] = struct.pack("<I", 0x2000 * managed)
    coff = struct.pack("<HHIIIHH", machine, 1, 0, 0, 0, len(optional), 0x2022 if library else 0x22)
    return b"MZ" + bytes(58) + struct.pack("<I", 128) + bytes(64) + b"PE\0\0" + coff + optional


def mach_o(machine: int = 0x0100_000C) -> bytes:
    return b"\xcf\xfa\xed\xfe" + struct.pack("<IIIIIII", machine, 0, 2, 0, 0, 0, 0)


def universal(*machines: int) -> bytes:
    entries = b"".join(struct.pack(">IIIII", machine, 0, 4096, 4096, 12) for machine in machines)
    return b"\xca\xfe\xba\xbe" + struct.pack(">I", len(machines)) + entries


def file(path: str, content: bytes = b"", mode: int = 0o755) -> Content:
    return _entry(path, tarfile.REGTYPE, content, mode=mode)


def directory(path: str) -> Content:
    return _entry(path, tarfile.DIRTYPE, mode=0o755)


def symlink(path: str, target: str) -> Content:
    return _entry(path, tarfile.SYMTYPE, target=target)


def hard_link(path: str, target: str) -> Content:
    return _entry(path, tarfile.LNKTYPE, target=target)


def device(path: str) -> Content:
    return _entry(path, tarfile.CHRTYPE)


def whiteout(path: str) -> Content:
    parent, slash, name = path.rpartition("/")
    return file(f"{parent}{slash}.wh.{name}", mode=0o644)


def opaque(path: str) -> Content:
    return file(f"{path}/.wh..wh..opq", mode=0o644)


def tar(*contents: Content, form: int = tarfile.PAX_FORMAT, pax: Mapping[str, str] | None = None) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form, pax_headers=dict(pax or {})) as archive:
        for info, content in contents:
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def read(stream: bytes, media_type: str = TAR, *, step: int = 1 << 16, limits: LayerLimits | None = None) -> Layer:
    reader = LayerReader(media_type, limits)
    for at in range(0, len(stream), step):
        reader.feed(stream[at : at + step])
    return reader.close()


def layer_of(*contents: Content) -> Layer:
    return read(gzip.compress(tar(*contents), compresslevel=1), GZIP)


def tree_of(*layers: Iterable[Content], names: Iterable[str] = ()) -> Tree:
    tree = Tree(frozenset(names))
    for contents in layers:
        tree.apply(layer_of(*contents))
    return tree


def _entry(path: str, kind: bytes, content: bytes = b"", *, target: str = "", mode: int = 0o777) -> Content:
    info = tarfile.TarInfo(path)
    info.type, info.size, info.linkname, info.mode = kind, len(content), target, mode
    return info, content
