import io
import tarfile
from collections.abc import Iterable

import pytest

from bake_compiler.layers.error import LayerCode, LayerError
from bake_compiler.layers.tar import HEAD, EntryKind, TarEntry, TarReader
from tests.unit.layers.made import Content, device, directory, elf, file, hard_link, symlink, tar

LONG = "a-long-name/" * 30 + "end"
FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]


def entries(stream: bytes, step: int = 1 << 18, headers: int = 1000) -> list[TarEntry]:
    reader = TarReader(headers)
    found = [entry for at in range(0, len(stream), step) for entry in reader.feed(stream[at : at + step])]
    reader.close()
    return found


def refusal(stream: bytes) -> tuple[LayerCode, str]:
    with pytest.raises(LayerError) as caught:
        entries(stream)
    return caught.value.code, caught.value.message


def paths(stream: bytes) -> list[bytes]:
    return [entry.path for entry in entries(stream)]


def header(**fields: object) -> bytes:
    """The header of a file `name` with some fields overwritten, its checksum put right."""
    block = bytearray(tar(file("name"))[:512])
    places = {"size": 124, "flag": 156, "mode": 100, "magic": 257, "prefix": 345, "sparse": 386, "extended": 482}
    for name, value in fields.items():
        assert isinstance(value, bytes)
        block[places[name] : places[name] + len(value)] = value
    return bytes(checked(block))


def checked(block: bytearray) -> bytearray:
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return block


def pax(records: Iterable[bytes], flag: bytes = b"x") -> bytes:
    content = b"".join(map(record, records))
    return header(flag=flag, size=b"%011o\0" % len(content)) + padded(content)


def record(text: bytes) -> bytes:
    length = len(text) + 2
    length = next(n for n in range(length, length + 9) if n == len(str(n)) + len(text) + 2)
    return b"%d %s\n" % (length, text)


def padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 512)


@pytest.mark.parametrize("form", FORMATS)
def test_each_kind_of_entry_is_read(form: int) -> None:
    script = b"#!/bin/sh\n"
    stream = tar(
        directory("bin"),
        file("bin/run", script, 0o4755),
        symlink("bin/sh", "/bin/run"),
        hard_link("bin/same", "bin/run"),
        device("dev/null"),
        file("empty", mode=0o644),
        form=form,
    )

    assert entries(stream) == [
        TarEntry(b"bin/", EntryKind.DIRECTORY, 0o755, 0, b"", b""),
        TarEntry(b"bin/run", EntryKind.FILE, 0o4755, 10, b"", script),
        TarEntry(b"bin/sh", EntryKind.SYMLINK, 0o777, 0, b"/bin/run", b""),
        TarEntry(b"bin/same", EntryKind.HARD_LINK, 0o777, 0, b"bin/run", b""),
        TarEntry(b"dev/null", EntryKind.OTHER, 0o777, 0, b"", b""),
        TarEntry(b"empty", EntryKind.FILE, 0o644, 0, b"", b""),
    ]


@pytest.mark.parametrize("step", [1, 100, 511, 512, 513, 5000])
def test_content_is_skipped_but_for_its_beginning(step: int) -> None:
    contents = [
        file(f"{size}", bytes(range(256)) * (size // 256 + 1)) for size in (1, 511, 512, 513, 4096, 4097, 20000)
    ]

    assert [entry.head for entry in entries(tar(*contents), step)] == [
        content[: min(info.size, HEAD)] for info, content in contents
    ]


@pytest.mark.parametrize("form", FORMATS[1:])
def test_long_names_and_targets_are_read_whole(form: int) -> None:
    stream = tar(file(LONG), symlink("link", LONG), hard_link("hard", LONG), file("ä" * 200), form=form)

    assert [(entry.path, entry.target) for entry in entries(stream)] == [
        (LONG.encode(), b""),
        (b"link", LONG.encode()),
        (b"hard", LONG.encode()),
        ("ä".encode() * 200, b""),
    ]


def test_a_long_name_in_ustar_has_its_beginning_in_another_field() -> None:
    name = "d" * 90 + "/" + "n" * 90

    assert paths(tar(file(name), form=tarfile.USTAR_FORMAT)) == [name.encode()]


def test_a_gnu_header_has_no_such_field() -> None:
    assert paths(header(magic=b"ustar  \0", prefix=b"times")) == [b"name"]


def test_star_keeps_times_behind_a_shorter_prefix() -> None:
    block = bytearray(header(prefix=b"p" * 131 + b"12345678901"))
    block[508:512] = b"tar\0"

    assert paths(bytes(checked(block))) == [b"p" * 131 + b"/name"]


def test_a_size_of_8_gib_is_read_in_both_spellings() -> None:
    size = 8 << 30
    binary = header(size=b"\x80" + size.to_bytes(11))

    for stream in (binary, pax([b"size=%d" % size]) + header()):
        reader = TarReader()
        found = list(reader.feed(stream + bytes(HEAD)))
        assert [entry.size for entry in found] == [size]


def test_a_pax_header_is_for_the_next_entry_only() -> None:
    assert paths(pax([b"path=other"]) + header() + header()) == [b"other", b"name"]


def test_of_two_pax_headers_the_later_one_counts() -> None:
    assert paths(pax([b"path=one", b"linkpath=x"]) + pax([b"path=two"]) + header()) == [b"two"]


def test_a_pax_record_without_a_value_changes_nothing() -> None:
    assert paths(pax([b"path="]) + header()) == [b"name"]


def test_a_global_pax_header_changes_nothing_as_in_every_container_engine() -> None:
    assert paths(pax([b"path=all", b"comment=x"], b"g") + header() + header()) == [b"name", b"name"]


def test_a_gnu_long_name_outranks_a_pax_path() -> None:
    longer = header(flag=b"L", size=b"%011o\0" % 5) + padded(b"gnu\0x")

    assert paths(pax([b"path=pax"]) + longer + header()) == [b"gnu"]
    assert paths(longer + pax([b"path=pax"]) + header()) == [b"gnu"]


def test_a_link_has_no_content_whatever_its_size_says() -> None:
    assert paths(header(flag=b"1", size=b"00000001000\0") + header()) == [b"name", b"name"]


def test_an_old_file_whose_name_ends_in_a_slash_is_a_directory() -> None:
    stream = bytearray(tar(file("old/")))
    stream[156] = 0

    assert entries(bytes(checked(stream[:512]) + stream[512:]))[0].kind is EntryKind.DIRECTORY


def test_a_header_whose_checksum_is_of_signed_bytes_is_right() -> None:
    block = bytearray(tar(file("ä"), form=tarfile.GNU_FORMAT)[:512])
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(byte - 256 * (byte > 127) for byte in block)

    assert paths(bytes(block)) == ["ä".encode()]


@pytest.mark.parametrize("form", ["gnu", "pax"])
def test_a_sparse_file_is_skipped_and_its_beginning_seen(form: str) -> None:
    program = elf()
    region = b"%011o\0%011o\0" % (0, len(program))
    if form == "gnu":
        size = b"%011o\0" % len(program)
        more = bytes(504) + b"\1" + bytes(7) + bytes(512)  # two blocks that continue the map
        stream = header(flag=b"S", size=size, sparse=region, extended=b"\1") + more + padded(program)
    else:
        regions = padded(b"2\n0\n%d\n9000\n0\n" % len(program))
        size = b"%011o\0" % (len(regions) + len(program))
        extended = pax([b"GNU.sparse.major=1", b"GNU.sparse.minor=0", b"GNU.sparse.name=name"])
        stream = extended + header(size=size) + padded(regions + program)

    for step in (1, 1 << 18):
        first, second = entries(stream + header(), step)
        assert first.kind is EntryKind.FILE
        assert (first.path, first.head) == (b"name", program)
        assert second.path == b"name"


def test_a_sparse_file_shows_what_stands_before_its_first_hole() -> None:
    regions = padded(b"2\n0\n10\n9000\n20\n")
    size = b"%011o\0" % (len(regions) + 30)
    stream = (
        pax([b"GNU.sparse.major=1"]) + header(size=size) + padded(regions + b"#!/bin/sh\n" + b"behind the hole 1234")
    )

    assert [entry.head for entry in entries(stream)] == [b"#!/bin/sh\n"]


@pytest.mark.parametrize("regions", [b"x\n", b"1\n5\n3\n", b"9\n0\n3\n", b"1\n0\nx\n", b"99999999\n0\n"])
def test_a_sparse_file_that_begins_with_a_hole_or_a_broken_map_shows_nothing(regions: bytes) -> None:
    size = b"%011o\0" % 1024
    stream = pax([b"GNU.sparse.major=1"]) + header(size=size) + padded(regions) + padded(b"\x7fELF")

    assert [entry.head for entry in entries(stream)] == [b""]


def test_what_follows_the_end_is_left_alone() -> None:
    assert paths(header() + bytes(1024) + b"garbage" + header()) == [b"name"]


def test_a_stream_may_end_without_its_end_mark() -> None:
    assert paths(header()) == [b"name"]
    assert paths(b"") == []


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (header()[:300], "the tar stream is cut off"),
        (header(size=b"00000001000\0") + b"x" * 100, "the tar stream is cut off"),
        (header(size=b"00000100000\0") + b"x" * 5000, "the tar stream is cut off"),
        (b"not a tar stream " * 100, "is not a number"),
        (header() + bytes(512) + header(), "follows an end mark"),
        (header(size=b"9999999999\0\0"), "is not a number"),
        (header(size=b"hello"), "is not a number"),
        (header(mode=b"rwxrwxr\0"), "is not a number"),
        (header(size=b"\xff" * 12), "is negative"),
        (header(size=b"\xbf" + b"\xff" * 11), "is not a number"),
        (pax([b"size=-5"]) + header(), "a size in a pax header"),
        (pax([b"size=" + b"9" * 30]) + header(), "a size in a pax header"),
        (pax([b"path=a\0b"]) + header(), "a zero byte"),
        (pax([b"a\0b=c"]) + header(), "is malformed"),
        (header(flag=b"x", size=b"%011o\0" % 10) + padded(b"99 path=x\n"), "is malformed"),
        (header(flag=b"x", size=b"%011o\0" % 10) + padded(b"-1 path=x\n"), "is malformed"),
        (header(flag=b"x", size=b"%011o\0" % 10) + padded(b"10 path=xy"), "is malformed"),
        (header(flag=b"x", size=b"%011o\0" % 4) + padded(b"0 =\n"), "is malformed"),
    ],
)
def test_a_broken_stream_is_unreadable(stream: bytes, message: str) -> None:
    code, told = refusal(stream)

    assert code is LayerCode.UNREADABLE
    assert message in told


def test_a_wrong_checksum_is_found() -> None:
    stream = bytearray(tar(file("name", b"content")))
    stream[1] ^= 0x01

    assert refusal(bytes(stream)) == (LayerCode.UNREADABLE, "a tar header does not have its checksum")


@pytest.mark.parametrize("flag", [b"x", b"g", b"L", b"K"])
def test_an_endless_extended_header_is_not_waited_for(flag: bytes) -> None:
    code, message = refusal(header(flag=flag, size=b"%011o\0" % (1 << 21)))

    assert (code, message) == (LayerCode.OVER_LIMIT, "an extended tar header has 2097152 bytes, above 1 MiB")


def test_an_endless_sparse_map_is_not_followed() -> None:
    more = (bytes(504) + b"\1" + bytes(7)) * 3000

    assert refusal(header(flag=b"S", extended=b"\1") + more)[0] is LayerCode.OVER_LIMIT


def test_a_pax_header_of_very_many_records_is_over_the_limit() -> None:
    assert refusal(pax(b"%d=x" % index for index in range(5000)))[0] is LayerCode.OVER_LIMIT


@pytest.mark.parametrize("block", [header(), pax([b"path=x"])])
def test_too_many_headers_are_over_the_limit_also_if_they_only_extend(block: bytes) -> None:
    assert refusal(block * 1001)[0] is LayerCode.OVER_LIMIT


def test_it_reads_what_python_reads_of_itself() -> None:
    contents: list[Content] = [directory("a"), file("a/b", b"x" * 9999), symlink("a/c", "b")]
    stream = tar(*contents)
    with tarfile.open(fileobj=io.BytesIO(stream)) as archive:
        assert [entry.path.rstrip(b"/").decode() for entry in entries(stream)] == archive.getnames()
