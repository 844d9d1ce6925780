"""Reads one layer while its bytes arrive: its digests, its size, and a record of each entry."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from pydantic import BaseModel, ConfigDict

from bake_compiler.layers import records
from bake_compiler.layers.binary import Binary, identify
from bake_compiler.layers.elf import Elf, ElfUse
from bake_compiler.layers.error import over_limit, unsafe
from bake_compiler.layers.inflate import PIECE, Inflater
from bake_compiler.layers.script import Script
from bake_compiler.layers.tar import EntryKind, TarEntry, TarReader
from bake_compiler.layers.zstandard import zstd
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import DigestField

_WHITEOUT = b".wh."
_RESERVED = b".wh..wh."
_OPAQUE = b".wh..wh..opq"
_DOTS = frozenset({b"", b".", b".."})
_ANYONE_RUNS = 0o111


@dataclass(frozen=True)
class LayerLimits:
    """The limits of a layer. bakec stops reading a layer beyond them.

    Attributes:
        size: uncompressed bytes.
        ratio: uncompressed bytes for each compressed byte, checked above `unsuspicious` uncompressed bytes.
        unsuspicious: uncompressed bytes up to which the ratio is not checked.
        empty: compressed bytes that may give no output, besides twice the number of uncompressed bytes.
        headers: headers of the tar stream.
        whiteouts: paths of lower layers that the layer hides.
        path: bytes of a path.
    """

    size: int = 100 << 30
    ratio: int = 1000
    unsuspicious: int = 1 << 30
    empty: int = 64 << 20
    headers: int = 5_000_000
    whiteouts: int = 100_000
    path: int = 4096


class LayerFacts(BaseModel):
    """Facts about a layer as a whole.

    Attributes:
        digest: the digest of the bytes in the registry.
        diff_id: the digest of the uncompressed bytes (OCI image-spec v1.1, config.md, "Layer DiffID").
        size: the number of bytes in the registry.
        whiteouts: paths of lower layers that the layer hides.
        opaque: directories in which the layer hides everything from lower layers.
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    digest: DigestField
    diff_id: DigestField
    size: int
    whiteouts: tuple[str, ...] = ()
    opaque: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layer:
    """A layer that was read to its end.

    Attributes:
        facts: facts about the layer as a whole.
        packed: the records of its entries, compressed to about four bytes each.
    """

    facts: LayerFacts
    packed: bytes

    def records(self) -> Iterator[str]:
        """Yield the records of the layer's entries, in the order of the layer."""
        with zstd.ZstdFile(BytesIO(self.packed)) as stream:
            yield from records.split(iter(lambda: stream.read(PIECE), b""))


class LayerReader:
    """Reads one layer.

    Args:
        media_type: the media type in the layer's descriptor.
        limits: the limits of the layer.
        algorithm: the algorithm of the layer's digest.

    Raises:
        LayerError: bakec can't read layers of this media type.
    """

    def __init__(self, media_type: str, limits: LayerLimits | None = None, algorithm: str = "sha256") -> None:
        self._limits = limits or LayerLimits()
        self._inflater = Inflater(media_type)
        self._tar = TarReader(self._limits.headers)
        self._packer = zstd.ZstdCompressor()
        self._packed: list[bytes] = []
        self._digest = hashlib.new(algorithm)
        self._diff_id = hashlib.sha256()
        self._size = 0
        self._uncompressed = 0
        self._whiteouts: list[bytes] = []
        self._opaque: list[bytes] = []
        self._directory = b""
        self._records: list[bytes] = []

    def feed(self, chunk: bytes) -> None:
        """Read the next bytes.

        Raises:
            LayerError: the layer is unreadable, unsafe, or beyond its limits. The reader can't be used after this.
        """
        self._digest.update(chunk)
        self._size += len(chunk)
        if self._size > self._limits.empty + 2 * self._uncompressed:
            raise over_limit(f"its {self._size:,} bytes hold {self._uncompressed:,} only")
        for piece in self._inflater.feed(chunk):
            self._diff_id.update(piece)
            self._uncompressed += len(piece)
            self._check_size()
            for entry in self._tar.feed(piece):
                self._record(entry)
            if self._records:
                self._packed.append(self._packer.compress(records.END.join(self._records) + records.END))
                self._records.clear()

    def close(self) -> Layer:
        """Return the layer, after its last byte.

        Raises:
            LayerError: the layer is cut off.
        """
        self._inflater.close()
        self._tar.close()
        facts = LayerFacts(
            digest=Digest(self._digest.name, self._digest.hexdigest()),
            diff_id=Digest("sha256", self._diff_id.hexdigest()),
            size=self._size,
            whiteouts=tuple(map(_text, self._whiteouts)),
            opaque=tuple(map(_text, self._opaque)),
        )
        return Layer(facts, b"".join((*self._packed, self._packer.flush())))

    def _check_size(self) -> None:
        if self._uncompressed > self._limits.size:
            raise over_limit(f"it has more than {self._limits.size:,} bytes uncompressed")
        if self._uncompressed > self._limits.unsuspicious and self._uncompressed > self._limits.ratio * self._size:
            raise over_limit(f"its {self._size:,} bytes are {self._uncompressed:,} and more uncompressed")

    def _record(self, entry: TarEntry) -> None:
        path = self._inside(entry.path)
        directory, _, name = path.rpartition(b"/")
        if name.startswith(_WHITEOUT):
            self._whiteout(directory, name)
            return
        if not name:
            return
        if directory != self._directory:
            self._directory = directory
            self._records.append(b"d" + directory)
        match entry.kind:
            case EntryKind.FILE:
                self._file(name, entry)
            case EntryKind.DIRECTORY:
                self._records.append(b"/" + name)
            case EntryKind.SYMLINK:
                self._check_length(entry.target)
                self._records += (b"l" + name, entry.target)
            case EntryKind.HARD_LINK:
                self._records += (b"h" + name, self._inside(entry.target))
            case EntryKind.OTHER:
                self._records.append(b"p" + name)

    def _file(self, name: bytes, entry: TarEntry) -> None:
        executable = entry.mode & _ANYONE_RUNS
        binary = identify(entry.head)
        if binary is None or not _matters(binary, executable):
            self._records.append((b"x" if executable else b"p") + name)
        else:
            self._records += ((b"B" if executable else b"b") + name, records.written(binary))

    def _whiteout(self, directory: bytes, name: bytes) -> None:
        if len(self._whiteouts) + len(self._opaque) >= self._limits.whiteouts:
            raise over_limit(f"it hides more than {self._limits.whiteouts:,} paths")
        hidden = name.removeprefix(_WHITEOUT)
        if name == _OPAQUE:
            self._opaque.append(directory)
        elif hidden in _DOTS:
            raise unsafe(f"the whiteout {_text(name)!r} in {_text(directory)!r} names no file")
        elif not name.startswith(_RESERVED):
            self._whiteouts.append(directory + b"/" + hidden if directory else hidden)

    def _check_length(self, path: bytes) -> None:
        if len(path) > self._limits.path:
            raise over_limit(f"a path has {len(path):,} bytes, above {self._limits.path:,}")

    def _inside(self, path: bytes) -> bytes:
        """Return the path from the root, without redundant dots and slashes."""
        self._check_length(path)
        path = path.strip(b"/")
        if b"./" in path or b"//" in path or path.endswith(b"."):
            parts = [part for part in path.split(b"/") if part not in {b"", b"."}]
            if b".." in parts:
                raise unsafe(f"the path {_text(path)!r} leads out of the root")
            return b"/".join(parts)
        return path


def _matters(binary: Binary, executable: int) -> bool:
    match binary:
        case Elf():
            return binary.use in {ElfUse.EXECUTABLE, ElfUse.SHARED}
        case Script():
            return bool(executable)
        case _:
            return True


def _text(path: bytes) -> str:
    return path.decode(errors="backslashreplace")
