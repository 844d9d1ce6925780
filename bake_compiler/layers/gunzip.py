"""The reader of one gzip member: ISA-L where the extra `fast` is installed, else zlib. Both read the same streams.

Source: RFC 1952 (2.3.1, member header and trailer).
"""

import zlib
from typing import Protocol

try:
    from isal import igzip_lib
except ImportError:  # ISA-L has no wheel for every machine

    def _fast_member() -> "Frame":
        return ZlibMember()

    DAMAGE: tuple[type[Exception], ...] = (zlib.error,)
else:

    def _fast_member() -> "Frame":
        return igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)

    _ISAL_ERROR: type[Exception] = igzip_lib.IsalError  # type: ignore[assignment] # its stub calls the class an instance
    DAMAGE = (zlib.error, _ISAL_ERROR)

_FLAGS_AT = 3


class Frame(Protocol):
    """One frame of a compressed stream that is read piece by piece, as in the standard library's `bz2`."""

    @property
    def eof(self) -> bool: ...  # noqa: D102
    @property
    def needs_input(self) -> bool: ...  # noqa: D102
    @property
    def unused_data(self) -> bytes: ...  # noqa: D102
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...  # noqa: D102


class ZlibMember:
    """One gzip member, read by zlib."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        """Whether the member is complete."""
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        """What came after the member."""
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """The next bytes, at most `max_length`.

        Raises:
            zlib.error: the member is damaged.
        """
        piece = self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)
        self.needs_input = len(piece) < max_length
        return piece


def new_member(head: bytes) -> Frame:
    """A reader of the member that begins with these bytes, at least 4; its `decompress` raises one of `DAMAGE`."""
    # ISA-L refuses a right header that has two optional fields and comes in two chunks; it takes reserved flags
    return ZlibMember() if head[_FLAGS_AT] else _fast_member()
