"""ISA-L and zlib read the same gzip streams with the same errors, however the streams are cut into chunks."""

import struct
import zlib

from hypothesis import example, given
from hypothesis import strategies as st

from bake_compiler.layers.error import LayerCode, LayerError
from bake_compiler.layers.gunzip import ZlibMember, new_member
from bake_compiler.layers.inflate import Inflater
from tests.unit.layers.made import GZIP

Outcome = bytes | tuple[LayerCode, str]

EXTRA, NAME, COMMENT, CHECKSUM = 4, 8, 16, 2
DAMAGED = (LayerCode.UNREADABLE, "the gzip stream is damaged or cut off")


def _member(content: bytes, level: int, strategy: int, flags: int, flushed: bool) -> bytes:
    """One gzip member with the header fields that these flags ask for."""
    compressor = zlib.compressobj(level, wbits=-zlib.MAX_WBITS, strategy=strategy)
    body = compressor.compress(content) + (compressor.flush(zlib.Z_FULL_FLUSH) if flushed else b"") + compressor.flush()
    head = b"\x1f\x8b\x08" + bytes([flags]) + bytes(6)
    head += b"\x03\0abc" * bool(flags & EXTRA) + b"name\0" * bool(flags & NAME) + b"words\0" * bool(flags & COMMENT)
    if flags & CHECKSUM:
        head += struct.pack("<H", zlib.crc32(head) & 0xFFFF)
    return head + body + _trailer(content)


def _trailer(content: bytes) -> bytes:
    return struct.pack("<II", zlib.crc32(content), len(content))


words = st.binary(max_size=2000) | st.text("ab", max_size=3000).map(str.encode)
flags = st.integers(0, 31) | st.integers(0, 255)
members = st.builds(_member, words, st.integers(0, 9), st.integers(0, 4), flags, st.booleans())
streams = st.lists(members, min_size=1, max_size=4).map(b"".join)
rests = st.just(b"") | st.binary(max_size=20) | st.just(bytes(512))
steps = st.integers(1, 9) | st.integers(10, 4000)


def _outcome(stream: bytes, step: int, *, fast: bool) -> Outcome:
    inflater = Inflater(GZIP, new_member if fast else lambda _: ZlibMember())
    try:
        pieces = [piece for at in range(0, len(stream), step) for piece in inflater.feed(stream[at : at + step])]
        inflater.close()
    except LayerError as error:
        return error.code, error.message
    return b"".join(pieces)


@given(st.data(), streams, rests, steps)
def test_whole_cut_off_and_followed_by_stray_bytes(data: st.DataObject, stream: bytes, rest: bytes, step: int) -> None:
    given_stream = (stream + rest)[: data.draw(st.integers(0, len(stream + rest)) | st.just(len(stream + rest)))]

    assert _outcome(given_stream, step, fast=True) == _outcome(given_stream, step, fast=False)


@given(st.data(), members, steps)
@example(None, bytes.fromhex("1f8b080c0000002004030300616263010000ffff0000000000000000"), 7)
def test_damaged(data: st.DataObject | None, member: bytes, step: int) -> None:
    stream = bytearray(member)
    if data:
        bits = st.integers(0, 8 * len(stream) - 1) | st.integers(0, min(400, 8 * len(stream) - 1))
        for bit in data.draw(st.sets(bits, min_size=1, max_size=3)):
            stream[bit // 8] ^= 1 << bit % 8
    fast, plain = (_outcome(bytes(stream), step, fast=fast) for fast in (True, False))

    if fast != plain:  # ISA-L may pass over a damaged block that holds nothing: length and checksum prove the content
        assert isinstance(fast, bytes)
        assert plain == DAMAGED
        assert bytes(stream).endswith(_trailer(fast))
