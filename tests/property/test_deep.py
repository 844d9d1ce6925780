import gzip
import io
import tarfile
from contextlib import suppress

from hypothesis import example, given
from hypothesis import strategies as st

from bake_compiler.layers import records
from bake_compiler.layers.binary import Binary, identify
from bake_compiler.layers.elf import Elf
from bake_compiler.layers.error import LayerError
from bake_compiler.layers.inflate import Inflater
from bake_compiler.layers.layer import Layer
from bake_compiler.layers.tar import HEAD, EntryKind, TarEntry, TarReader
from bake_compiler.layers.tree import File, Tree
from bake_compiler.layers.zstandard import zstd
from tests.unit.layers import made
from tests.unit.layers.made import GZIP, TAR, ZSTD, Content

FORMATS = st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
KINDS = {
    tarfile.REGTYPE: EntryKind.FILE,
    tarfile.LNKTYPE: EntryKind.HARD_LINK,
    tarfile.SYMTYPE: EntryKind.SYMLINK,
    tarfile.DIRTYPE: EntryKind.DIRECTORY,
    tarfile.CHRTYPE: EntryKind.OTHER,
    tarfile.FIFOTYPE: EntryKind.OTHER,
}

words = st.text(st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1, max_size=60)
paths = st.lists(words, min_size=1, max_size=6).map("/".join)


def _info(path: str, kind: bytes, target: str, mode: int, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(path)
    info.type, info.mode, info.size = kind, mode, size if kind == tarfile.REGTYPE else 0
    info.linkname = target if kind in {tarfile.LNKTYPE, tarfile.SYMTYPE} else ""
    return info


infos = st.builds(
    _info, paths, st.sampled_from(list(KINDS)), paths, st.integers(0, 0o7777), st.integers(0, 9000) | st.just(0)
)


def _archive(infos: list[tarfile.TarInfo], form: int) -> bytes:
    """The archive of those entries that its format can hold."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form, encoding="utf-8") as archive:
        for info in infos:
            with suppress(ValueError):  # a name too long for ustar
                archive.addfile(info, io.BytesIO(bytes(range(256)) * 36))
    return buffer.getvalue()


archives = st.builds(_archive, st.lists(infos, max_size=8), FORMATS)


def cut(stream: bytes, steps: list[int]) -> list[bytes]:
    """The stream in pieces of these sizes, over and over."""
    pieces: list[bytes] = []
    at = 0
    while at < len(stream):
        size = steps[len(pieces) % len(steps)]
        pieces.append(stream[at : at + size])
        at += size
    return pieces


sizes = st.lists(st.integers(1, 6000), min_size=1, max_size=9)


def entries(pieces: list[bytes]) -> list[TarEntry]:
    reader = TarReader()
    found = [entry for piece in pieces for entry in reader.feed(piece)]
    reader.close()
    return found


@given(archives, sizes)
def test_a_tar_stream_is_read_as_python_reads_it_however_it_is_cut(stream: bytes, steps: list[int]) -> None:
    with tarfile.open(fileobj=io.BytesIO(stream)) as archive:
        wanted = [
            TarEntry(
                member.name.rstrip("/").encode(),
                KINDS[member.type],
                member.mode,
                member.size,
                member.linkname.encode(),
                stream[member.offset_data :][: min(member.size, HEAD)],
            )
            for member in archive
        ]

    found = entries(cut(stream, steps))

    assert [entry._replace(path=entry.path.rstrip(b"/")) for entry in found] == wanted


@given(st.binary(max_size=3000), st.sampled_from([GZIP, ZSTD]), st.lists(st.integers(1, 900), min_size=1), sizes)
def test_a_stream_of_any_frames_is_inflated_however_it_is_cut(
    content: bytes, media_type: str, frames: list[int], steps: list[int]
) -> None:
    compress = gzip.compress if media_type == GZIP else zstd.compress
    stream = b"".join(map(compress, cut(content, frames))) or compress(b"")
    inflater = Inflater(media_type)

    found = b"".join(piece for part in cut(stream, steps) for piece in inflater.feed(part))
    inflater.close()

    assert found == content


@given(st.data(), archives, st.sampled_from([GZIP, ZSTD, TAR]), sizes)
def test_damage_ends_in_a_layer_or_a_layer_error(
    data: st.DataObject, stream: bytes, media_type: str, steps: list[int]
) -> None:
    blob = bytearray({GZIP: gzip.compress, ZSTD: zstd.compress}.get(media_type, bytes)(stream))  # type: ignore[operator]
    for at, byte in data.draw(st.dictionaries(st.integers(0, len(blob) - 1), st.integers(0, 255), max_size=9)).items():
        blob[at] = byte
    blob = blob[: data.draw(st.integers(0, len(blob)))]

    with suppress(LayerError):
        list(made.read(bytes(blob), media_type, step=steps[0]).records())


@given(st.binary(max_size=2000), st.sampled_from([GZIP, ZSTD, TAR]))
@example(b"\x1f\x8b\x08" + bytes(600), GZIP)
@example(b"\x28\xb5\x2f\xfd" + b"\xff" * 600, ZSTD)
@example(b"\x50\x2a\x4d\x18" + b"\xff" * 600, ZSTD)
def test_any_bytes_end_in_a_layer_or_a_layer_error(content: bytes, media_type: str) -> None:
    for stream in (content, gzip.compress(content), zstd.compress(content)):
        with suppress(LayerError):
            made.read(stream, media_type)


MAGICS = st.sampled_from(
    [b"\x7fELF\x02\x01", b"\x7fELF\x01\x02", b"MZ", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe"]
)
WHOLE = st.sampled_from([made.elf(loader="/lib/ld.so"), made.elf(bits=32, little=False, loader="/l"), made.pe()])


@given(st.builds(bytes.__add__, MAGICS, st.binary(max_size=400)) | st.binary())
def test_identifying_never_fails_and_what_it_finds_survives_being_kept(head: bytes) -> None:
    _keeps(identify(head))


@given(st.data(), WHOLE)
def test_identifying_a_damaged_binary_never_fails(data: st.DataObject, whole: bytes) -> None:
    head = bytearray(whole)
    for at, byte in data.draw(st.dictionaries(st.integers(0, len(head) - 1), st.integers(0, 255), max_size=9)).items():
        head[at] = byte
    _keeps(identify(bytes(head[: data.draw(st.integers(0, len(head)))])))


def _keeps(binary: Binary | None) -> None:
    if binary:
        record = records.written(binary)
        assert b"\0" not in record
        assert records.read_record(record.decode()) == binary


NAMES = st.sampled_from("abc")
PLACES = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
BINARIES = [made.elf(), made.elf(made.AARCH64), b"text"]
contents = st.one_of(
    st.builds(made.file, PLACES, st.sampled_from(BINARIES)),
    PLACES.map(made.directory),
    PLACES.map(made.whiteout),
    PLACES.map(made.opaque),
)
layers = st.lists(st.lists(contents, max_size=6), max_size=4)


def _naive(layers: list[list[Content]]) -> dict[str, str]:
    """Path → machine of the live binaries, by the specification's words, one path at a time."""
    live: dict[str, str] = {}
    for layer in layers:
        for info, _ in layer:
            parent, _, name = info.name.rpartition("/")
            if name == ".wh..wh..opq":
                live = {path: machine for path, machine in live.items() if not f"{path}/".startswith(f"{parent}/")}
            elif name.startswith(".wh."):
                gone = f"{parent}/{name[4:]}".lstrip("/")
                live = {path: machine for path, machine in live.items() if not f"{path}/".startswith(f"{gone}/")}
        for info, content in layer:
            path = info.name
            if ".wh." in path:
                continue
            above = {path.rsplit("/", up)[0] for up in range(1, path.count("/") + 1)}
            if info.isdir():
                live.pop(path, None)
            else:
                live = {other: machine for other, machine in live.items() if not f"{other}/".startswith(f"{path}/")}
            binary = identify(content)
            if isinstance(binary, Elf):
                live = {other: machine for other, machine in live.items() if other not in above}
                live[path] = binary.machine
    return live


def _tree(layers: list[Layer]) -> dict[str, str]:
    tree = Tree()
    for layer in layers:
        tree.apply(layer)
    return {path.lstrip("/"): file.binary.machine for path, file in tree.programs() if isinstance(file.binary, Elf)}


@given(layers)
def test_a_tree_is_what_the_specification_says_of_its_layers(layers: list[list[Content]]) -> None:
    assert _tree([made.layer_of(*layer) for layer in layers]) == _naive(layers)


@given(
    st.lists(st.tuples(PLACES, st.lists(st.sampled_from(["a", "b", "c", "..", "", "."]), max_size=5)), max_size=9),
    PLACES,
)
def test_following_any_symlinks_comes_to_an_end_inside_the_root(links: list[tuple[str, list[str]]], path: str) -> None:
    tree = made.tree_of(
        [made.symlink(place, "/".join(target)) for place, target in links] + [made.file("c/c", made.elf())]
    )

    place, node = tree.follow(path)

    assert place.startswith("/")
    assert not {"", ".", ".."} & set(place[1:].split("/")[:-1])
    assert node is None or isinstance(node, (dict, File, str))
