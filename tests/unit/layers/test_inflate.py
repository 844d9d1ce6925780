import gzip
import os
import runpy
import sys
import zlib
from collections.abc import Callable, Iterator

import pytest
from isal.igzip_lib import IgzipDecompressor

from bake_compiler.layers import gunzip as gunzip_module
from bake_compiler.layers.error import LayerCode, LayerError
from bake_compiler.layers.gunzip import Frame, ZlibMember, new_member
from bake_compiler.layers.inflate import PIECE, Compression, Inflater, compression_of
from bake_compiler.layers.zstandard import zstd
from tests.unit.layers.made import GZIP, TAR, ZSTD

TEXT = b"the layers of an image " * 1000
Gunzip = Callable[[bytes], Frame]
SKIPPABLE = (0x184D2A53).to_bytes(4, "little") + (5).to_bytes(4, "little") + b"words"


@pytest.fixture(params=[new_member, lambda _: ZlibMember()], ids=["isal", "zlib"])
def gunzip(request: pytest.FixtureRequest) -> Gunzip:
    return request.param  # type: ignore[no-any-return]


def inflated(gunzip: Gunzip, stream: bytes, media_type: str, step: int = 1 << 20) -> bytes:
    inflater = Inflater(media_type, gunzip)
    pieces = [piece for at in range(0, len(stream), step) for piece in inflater.feed(stream[at : at + step])]
    inflater.close()
    return b"".join(pieces)


def refusal(gunzip: Gunzip, stream: bytes, media_type: str) -> tuple[LayerCode, str]:
    with pytest.raises(LayerError) as caught:
        inflated(gunzip, stream, media_type)
    return caught.value.code, caught.value.message


@pytest.mark.parametrize("step", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    ("media_type", "stream"),
    [
        (GZIP, gzip.compress(TEXT)),
        (GZIP, b"".join(gzip.compress(TEXT[at : at + 100]) for at in range(0, len(TEXT), 100))),
        (GZIP, gzip.compress(b"") + gzip.compress(TEXT)),
        (ZSTD, zstd.compress(TEXT)),
        (ZSTD, SKIPPABLE + zstd.compress(TEXT[:99]) + SKIPPABLE + zstd.compress(TEXT[99:]) + SKIPPABLE),
        (TAR, TEXT),
    ],
)
def test_a_stream_of_one_or_more_frames_is_read_whole(
    gunzip: Gunzip, media_type: str, stream: bytes, step: int
) -> None:
    assert inflated(gunzip, stream, media_type, step) == TEXT


@pytest.mark.parametrize(
    ("media_type", "compression"),
    [
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", Compression.GZIP),
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", Compression.GZIP),
        ("application/vnd.docker.image.rootfs.diff.tar.zstd", Compression.ZSTD),
        ("application/vnd.docker.image.rootfs.diff.tar", Compression.NONE),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", Compression.ZSTD),
        (TAR, Compression.NONE),
    ],
)
def test_the_media_type_says_how_a_layer_is_compressed(media_type: str, compression: Compression) -> None:
    assert compression_of(media_type) is compression


@pytest.mark.parametrize(
    "media_type", ["application/vnd.in-toto+json", "application/vnd.oci.image.layer.v1.tar+gzip+encrypted", ""]
)
def test_what_is_no_layer_is_refused(gunzip: Gunzip, media_type: str) -> None:
    assert refusal(gunzip, b"", media_type)[0] is LayerCode.UNREADABLE


@pytest.mark.parametrize(
    ("media_type", "stream", "message"),
    [
        (GZIP, zstd.compress(TEXT), "its media type says gzip, its bytes are zstd"),
        (ZSTD, gzip.compress(TEXT), "its media type says zstd, its bytes are gzip"),
        (TAR, gzip.compress(TEXT), "its media type says not compressed, its bytes are gzip"),
        (GZIP, TEXT, "its media type says gzip, its bytes are not compressed"),
    ],
)
def test_bytes_that_are_not_what_the_media_type_says_are_refused(
    gunzip: Gunzip, media_type: str, stream: bytes, message: str
) -> None:
    assert refusal(gunzip, stream, media_type) == (LayerCode.UNREADABLE, message)


@pytest.mark.parametrize("media_type", [GZIP, ZSTD])
@pytest.mark.parametrize("kept", [0, 3, 20, -1])
def test_a_stream_that_is_cut_off_is_refused(gunzip: Gunzip, media_type: str, kept: int) -> None:
    stream = (gzip.compress if media_type == GZIP else zstd.compress)(os.urandom(5000))

    wanted = {
        0: f"the {compression_of(media_type)} stream is damaged or cut off",
        3: f"3 stray bytes where a {compression_of(media_type)} stream should be",
    }
    assert refusal(gunzip, stream[:kept], media_type) == (LayerCode.UNREADABLE, wanted.get(kept, wanted[0]))


@pytest.mark.parametrize("rest", [b"x", b"garbage", bytes(512)])
@pytest.mark.parametrize("media_type", [GZIP, ZSTD])
def test_stray_bytes_after_the_last_frame_are_refused(gunzip: Gunzip, media_type: str, rest: bytes) -> None:
    stream = (gzip.compress if media_type == GZIP else zstd.compress)(TEXT)

    code, message = refusal(gunzip, stream + rest, media_type)

    assert code is LayerCode.UNREADABLE
    assert "stray bytes" in message


@pytest.mark.parametrize("media_type", [GZIP, ZSTD])
def test_damage_is_found(gunzip: Gunzip, media_type: str) -> None:
    stream = bytearray((gzip.compress if media_type == GZIP else zstd.compress)(os.urandom(5000) + TEXT))
    stream[-6 if media_type == GZIP else 8] ^= 0xFF

    assert refusal(gunzip, bytes(stream), media_type) == (
        LayerCode.UNREADABLE,
        f"the {compression_of(media_type)} stream is damaged or cut off",
    )


def test_a_zstd_window_above_32_mib_is_refused(gunzip: Gunzip) -> None:
    compressor = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})

    code, message = refusal(gunzip, compressor.compress(TEXT) + compressor.flush(), ZSTD)

    assert (code, message) == (LayerCode.OVER_LIMIT, "its zstd window is above 32 MiB")


@pytest.mark.parametrize("media_type", [GZIP, ZSTD])
def test_a_bomb_comes_in_small_pieces(gunzip: Gunzip, media_type: str) -> None:
    zeros = bytes(50 << 20)
    stream = gzip.compress(zeros, 9) if media_type == GZIP else zstd.compress(zeros)

    def sizes() -> Iterator[int]:
        inflater = Inflater(media_type, gunzip)
        yield from map(len, inflater.feed(stream))
        inflater.close()

    found = list(sizes())

    assert sum(found) == len(zeros)
    assert max(found) <= PIECE


def test_isal_reads_gzip_where_it_is_installed_and_zlib_where_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    head = gzip.compress(TEXT)[:10]
    assert isinstance(new_member(head), IgzipDecompressor)

    monkeypatch.setitem(sys.modules, "isal", None)
    without = runpy.run_path(gunzip_module.__file__)

    assert isinstance(without["new_member"](head), without["ZlibMember"])
    assert without["DAMAGE"] == (zlib.error,)


@pytest.mark.parametrize("step", [1, 7, 1 << 20])
def test_a_header_with_a_checksum_is_read_and_a_wrong_one_refused(gunzip: Gunzip, step: int) -> None:
    plain = gzip.compress(TEXT)
    head = plain[:3] + b"\x02" + plain[4:10]
    checksum = (zlib.crc32(head) & 0xFFFF).to_bytes(2, "little")

    assert inflated(gunzip, head + checksum + plain[10:], GZIP, step) == TEXT
    assert refusal(gunzip, head + checksum[::-1] + plain[10:], GZIP)[0] is LayerCode.UNREADABLE


@pytest.mark.parametrize("flag", [0x20, 0x40, 0x80])
def test_a_reserved_flag_is_refused(gunzip: Gunzip, flag: int) -> None:
    plain = gzip.compress(TEXT)

    assert refusal(gunzip, plain[:3] + bytes([flag]) + plain[4:], GZIP)[0] is LayerCode.UNREADABLE
