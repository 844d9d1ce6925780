import gzip
import hashlib

import pytest

from bake_compiler.layers import records
from bake_compiler.layers.binary import identify
from bake_compiler.layers.elf import Elf, ElfUse
from bake_compiler.layers.error import LayerCode, LayerError
from bake_compiler.layers.layer import LayerLimits, LayerReader
from bake_compiler.layers.script import Script
from bake_compiler.layers.zstandard import zstd
from bake_compiler.oci.digest import Digest
from tests.unit.layers.made import (
    CORE,
    GZIP,
    RELOCATABLE,
    TAR,
    ZSTD,
    Content,
    device,
    directory,
    elf,
    file,
    hard_link,
    layer_of,
    mach_o,
    opaque,
    pe,
    read,
    symlink,
    tar,
    whiteout,
)


def compressed(stream: bytes, media_type: str) -> bytes:
    if media_type == TAR:
        return stream
    return gzip.compress(stream) if media_type == GZIP else zstd.compress(stream)


def refusal(*contents: Content, limits: LayerLimits | None = None) -> tuple[LayerCode, str]:
    with pytest.raises(LayerError) as caught:
        read(tar(*contents), limits=limits)
    return caught.value.code, caught.value.message


@pytest.mark.parametrize("media_type", [GZIP, ZSTD, TAR])
def test_a_layer_has_its_digest_diff_id_and_sizes(media_type: str) -> None:
    stream = tar(directory("bin"), file("bin/true", elf()))
    blob = compressed(stream, media_type)

    facts = read(blob, media_type, step=10).facts

    assert str(facts.digest) == f"sha256:{hashlib.sha256(blob).hexdigest()}"
    assert str(facts.diff_id) == f"sha256:{hashlib.sha256(stream).hexdigest()}"
    assert facts.size == len(blob)


def test_a_layer_may_be_known_by_another_kind_of_digest() -> None:
    reader = LayerReader(TAR, algorithm="sha512")
    reader.feed(tar())

    facts = reader.close().facts

    assert (facts.digest, facts.diff_id) == (Digest.of(tar(), "sha512"), Digest.of(tar()))


def test_an_empty_layer_is_one() -> None:
    layer = layer_of()

    assert list(layer.records()) == []


def test_each_entry_is_kept_as_little_as_it_matters() -> None:
    layer = layer_of(
        directory("usr"),
        directory("usr/bin"),
        file("usr/bin/true", elf()),
        file("usr/bin/run", b"#!/bin/sh\n"),
        file("usr/bin/data", b"data"),
        file("usr/readme", b"text", 0o644),
        file("usr/example", b"#!/bin/sh\n", 0o644),
        file("usr/lib.so", elf(), 0o644),
        file("usr/part.o", elf(use=RELOCATABLE), 0o644),
        file("usr/core", elf(use=CORE), 0o600),
        device("dev/null"),
        symlink("bin", "usr/bin"),
        hard_link("usr/bin/same", "./usr/bin/true"),
    )

    assert (
        list(layer.records())
        == [
            *("d", "/usr", "dusr", "/bin", "dusr/bin"),
            *("Btrue", records.written(Elf("x86_64", ElfUse.SHARED)).decode()),
            *("Brun", records.written(Script("/bin/sh")).decode(), "xdata"),
            *("dusr", "preadme", "pexample", "blib.so", records.written(Elf("x86_64", ElfUse.SHARED)).decode()),
            *("ppart.o", "pcore", "ddev", "pnull", "d", "lbin", "usr/bin", "dusr/bin", "hsame", "usr/bin/true"),
        ][1:]
    )


@pytest.mark.parametrize("content", [elf(loader="/lib/ld.so"), pe(managed=True), mach_o(), b"#!/bin/sh -e\r\n"])
def test_what_a_binary_is_survives_being_kept(content: bytes) -> None:
    found = identify(content)

    assert found
    assert records.read_record(records.written(found).decode()) == found


def test_whiteouts_are_told_apart_and_no_entries() -> None:
    layer = layer_of(whiteout("a/b"), whiteout("c"), opaque("d"), file(".wh..wh.plnk/1"), file(".wh..wh.aufs"))

    assert layer.facts.whiteouts == ("a/b", "c")
    assert layer.facts.opaque == ("d",)
    assert list(layer.records()) == ["d.wh..wh.plnk", "x1"]


@pytest.mark.parametrize("path", ["./bin/true", "/bin/true", "bin//true", "./bin/./true", "///bin/true"])
def test_dots_and_slashes_that_change_nothing_are_left_out(path: str) -> None:
    assert [record[:5] for record in layer_of(file(path, elf())).records()][:2] == ["dbin", "Btrue"]


def test_the_root_itself_is_no_entry_to_keep() -> None:
    assert list(layer_of(directory("./"), directory("/")).records()) == []


@pytest.mark.parametrize("name", ["a\nb", "tab\tname", "..hidden", "dots...", "ä", "a b"])
def test_any_name_is_kept(name: str) -> None:
    assert list(layer_of(file(name, b"", 0o644)).records()) == [f"p{name}"]


def test_a_name_that_is_no_utf8_is_spelled_out() -> None:
    assert list(layer_of(file("\udcff", b"", 0o644)).records()) == ["p\\xff"]


@pytest.mark.parametrize(
    "content",
    [
        file("../etc/passwd"),
        file("a/../../b"),
        file("/.."),
        symlink("a/..", "b"),
        directory("../up"),
        hard_link("a", "../../etc/shadow"),
        hard_link("a", "/../etc/shadow"),
        whiteout("../a"),
        file("a/.wh."),
        file("a/.wh.."),
        file("a/.wh..."),
    ],
)
def test_a_path_that_leads_out_of_the_root_is_unsafe(content: Content) -> None:
    assert refusal(content)[0] is LayerCode.UNSAFE


@pytest.mark.parametrize("target", ["../../../etc/passwd", "/etc/passwd", "..", ""])
def test_a_symlink_may_point_anywhere_for_it_is_followed_inside_the_root(target: str) -> None:
    assert list(layer_of(symlink("a", target)).records()) == ["la", target]


@pytest.mark.parametrize(
    ("limits", "contents", "message"),
    [
        (LayerLimits(size=5000), [file("a", bytes(6000))], "more than 5,000 bytes"),
        (LayerLimits(headers=3), [file("a")] * 4, "more than 3 tar headers"),
        (LayerLimits(path=100), [file("a/" * 60)], "a path has"),
        (LayerLimits(path=100), [hard_link("a", "b" * 101)], "a path has"),
        (LayerLimits(path=100), [symlink("a", "b" * 101)], "a path has"),
        (LayerLimits(whiteouts=2), [whiteout("a"), whiteout("b"), whiteout("c")], "hides more than 2 paths"),
        (LayerLimits(whiteouts=1), [opaque("a"), opaque("b")], "hides more than 1 paths"),
    ],
)
def test_what_no_one_means_is_over_the_limit(limits: LayerLimits, contents: list[Content], message: str) -> None:
    code, told = refusal(*contents, limits=limits)

    assert code is LayerCode.OVER_LIMIT
    assert message in told


@pytest.mark.parametrize("media_type", [GZIP, ZSTD])
def test_a_bomb_is_left_long_before_its_end(media_type: str) -> None:
    stream = tar(file("zeros", bytes(64 << 20)))
    blob = compressed(stream, media_type)
    limits = LayerLimits(unsuspicious=1 << 20, ratio=500)

    with pytest.raises(LayerError, match=r"its [0-9,]+ bytes are [0-9,]+ and more uncompressed") as caught:
        read(blob, media_type, limits=limits)

    assert caught.value.code is LayerCode.OVER_LIMIT


@pytest.mark.parametrize(
    ("media_type", "nothing"), [(GZIP, gzip.compress(b"", mtime=0)), (ZSTD, b"\x50\x2a\x4d\x18\xff\0\0\0" + bytes(255))]
)
def test_bytes_without_end_that_unpack_to_nothing_end(media_type: str, nothing: bytes) -> None:
    reader = LayerReader(media_type, LayerLimits(empty=1 << 16))

    def feed_without_end() -> None:
        for _ in range(1000):
            reader.feed(nothing * 10)

    with pytest.raises(LayerError, match=r"hold 0 only") as caught:
        feed_without_end()

    assert caught.value.code is LayerCode.OVER_LIMIT


def test_a_layer_of_zeros_that_is_not_large_is_no_bomb() -> None:
    assert list(layer_of(file("zeros", bytes(4 << 20))).records()) == ["xzeros"]


@pytest.mark.parametrize(
    "stream", [b"text " * 300, gzip.compress(b"", mtime=0)[:12], gzip.compress(b"x" * 600, mtime=0)]
)
def test_what_is_no_layer_is_unreadable(stream: bytes) -> None:
    with pytest.raises(LayerError) as caught:
        read(stream, GZIP)
    assert caught.value.code is LayerCode.UNREADABLE
