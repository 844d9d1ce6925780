"""Turns compressed bytes, as they arrive, into pieces of uncompressed bytes of limited length.

Sources: OCI image-spec v1.1 (layer.md, media types), RFC 1952 (gzip), RFC 8878 (zstd).
"""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Final

from bake_compiler.layers.error import LayerError, over_limit, unreadable
from bake_compiler.layers.gunzip import DAMAGE, Frame, new_member
from bake_compiler.layers.zstandard import zstd

PIECE: Final = 1 << 18
"""The longest piece, in bytes: it fits into a core's cache, where the next reader finds it."""

_SLICE = 1 << 16  # the end of each frame copies the rest of its slice
_MAGIC = 4
_WINDOW_LOG = 25
_DAMAGE: tuple[type[Exception], ...] = (*DAMAGE, zstd.ZstdError)


class Compression(StrEnum):
    """How a layer is compressed."""

    GZIP = "gzip"
    ZSTD = "zstd"
    NONE = "not compressed"


class _Plain:
    """Uncompressed bytes, in the form of a frame that never ends."""

    eof = False
    needs_input = True
    unused_data = b""

    @staticmethod
    def decompress(data: bytes, _max_length: int, /) -> bytes:
        return data


def compression_of(media_type: str) -> Compression:
    """Return how a layer of this media type is compressed.

    Raises:
        LayerError: bakec can't read layers of this media type.
    """
    for compression, endings in (
        (Compression.GZIP, ("tar+gzip", "tar.gzip")),
        (Compression.ZSTD, ("tar+zstd", "tar.zstd")),
        (Compression.NONE, (".tar",)),
    ):
        if media_type.endswith(endings):
            return compression
    raise unreadable(f"{media_type!r} is not the type of a layer that can be unpacked")


class Inflater:
    """Gzip of one or more members, zstd of one or more frames, or plain bytes.

    Args:
        media_type: the layer's media type; the bytes must agree with it.
        gunzip: makes the reader of a gzip member from its first bytes.

    Raises:
        LayerError: bakec can't read layers of this media type.
    """

    def __init__(self, media_type: str, gunzip: Callable[[bytes], Frame] = new_member) -> None:
        self._gunzip = gunzip
        self._compression = compression_of(media_type)
        self._held = b""
        self._frame: Frame | None = None
        self._begun = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield pieces of at most `PIECE` bytes. Exhaust the iterator before you feed the next chunk.

        Raises:
            LayerError: the stream is damaged, has another compression than stated, or needs a window above 32 MiB.
        """
        for at in range(0, len(chunk), _SLICE):
            yield from self._inflate(self._held + chunk[at : at + _SLICE])

    def close(self) -> None:
        """End the stream.

        Raises:
            LayerError: the stream ends within a frame, or before the first frame.
        """
        if self._held:
            raise unreadable(f"{len(self._held)} stray bytes where a {self._compression} stream should be")
        if self._compression is not Compression.NONE and (self._frame or not self._begun):
            raise self._damaged()

    def _inflate(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._frame is None:
                if len(data) < _MAGIC:
                    break
                self._frame = self._new_frame(data)
            yield from self._pieces(self._frame, data)
            data = self._frame.unused_data
            if self._frame.eof:
                self._frame = None
        self._held = data

    def _new_frame(self, data: bytes) -> Frame:
        found = _compression_by_magic(data)
        if found is not self._compression:
            if self._begun:
                raise unreadable(f"stray bytes after the {self._compression} stream")
            raise unreadable(f"its media type says {self._compression}, its bytes are {found}")
        self._begun = True
        match found:
            case Compression.GZIP:
                return self._gunzip(data)
            case Compression.ZSTD:
                return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG})
            case Compression.NONE:
                return _Plain()

    def _pieces(self, frame: Frame, data: bytes) -> Iterator[bytes]:
        try:
            while True:
                if piece := frame.decompress(data, PIECE):
                    yield piece
                if frame.eof or frame.needs_input:
                    return
                data = b""
        except _DAMAGE as error:
            if "too much memory" in str(error):
                raise over_limit(f"its zstd window is above {1 << _WINDOW_LOG >> 20} MiB") from error
            raise self._damaged() from error

    def _damaged(self) -> LayerError:
        # after damaged bytes, some libraries read on to the end of the stream and others stop
        return unreadable(f"the {self._compression} stream is damaged or cut off")


def _compression_by_magic(data: bytes) -> Compression:
    if data.startswith(b"\x1f\x8b"):
        return Compression.GZIP
    skippable = data[0] >> 4 == 5 and data[1:4] == b"\x2a\x4d\x18"  # noqa: PLR2004 - RFC 8878, 3.1.2
    if skippable or data.startswith(b"\x28\xb5\x2f\xfd"):
        return Compression.ZSTD
    return Compression.NONE
