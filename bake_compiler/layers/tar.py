"""Reads the entries of a tar stream while its pieces arrive. Of each file, only the first bytes are kept.

If tar readers differ, this one does what Go's archive/tar does, since container engines unpack layers with it. A
global pax header changes nothing, and a GNU long name wins over a pax path.
Sources: POSIX.1-2017 (pax, "ustar Interchange Format"), GNU tar manual ("Tar Internals").
"""

import zlib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from bake_compiler.layers.error import over_limit, unreadable

HEAD: Final = 4096
"""The number of first bytes that are kept of a file."""

_BLOCK = 512
_LONGEST_EXTENSION = 1 << 20
_MOST_RECORDS = 4096
_LARGEST = 1 << 63
_END = 2  # blocks of zeros
_ADLER = 65521
_SPACES = 8 * ord(" ")
_LONG_TARGET, _LONG_PATH, _SPARSE, _PAX, _GLOBAL_PAX = b"KLSxg"
_EXTENSIONS = frozenset(b"KLxg")
_WITHOUT_CONTENT = frozenset(b"123456")


class EntryKind(StrEnum):
    """The kind of an entry."""

    FILE = "file"
    HARD_LINK = "hard link"
    SYMLINK = "symlink"
    DIRECTORY = "directory"
    OTHER = "device, pipe or unknown"


_KINDS = {
    0: EntryKind.FILE,
    ord("0"): EntryKind.FILE,
    ord("7"): EntryKind.FILE,
    _SPARSE: EntryKind.FILE,
    ord("1"): EntryKind.HARD_LINK,
    ord("2"): EntryKind.SYMLINK,
    ord("5"): EntryKind.DIRECTORY,
}


class TarEntry(NamedTuple):
    """One entry.

    Attributes:
        path: the path, as written.
        kind: the kind of the entry.
        mode: the permission bits.
        size: the bytes of content in the stream.
        target: a link's target, as written.
        head: the first bytes of a file's content, at most `HEAD`.
    """

    path: bytes
    kind: EntryKind
    mode: int
    size: int
    target: bytes
    head: bytes


class TarReader:
    """Reads one stream.

    Args:
        headers: the largest number of headers, with those that only extend the next header.
    """

    def __init__(self, headers: int = 5_000_000) -> None:
        self._most_headers = headers
        self._headers = 0
        self._kept: list[bytes] = []
        self._wanted = 0
        self._skip = 0
        self._end_marks = 0
        self._pax: Mapping[bytes, bytes] = {}
        self._long: dict[int, bytes] = {}

    def feed(self, piece: bytes) -> Iterator[TarEntry]:
        """Yield the entries whose first bytes are complete. Exhaust the iterator before you feed the next piece.

        Raises:
            LayerError: not a tar stream; an extended header above 1 MiB; too many headers.
        """
        if self._kept:
            self._kept.append(piece)
            self._wanted -= len(piece)
            if self._wanted > 0:
                return
            piece = b"".join(self._kept)
            self._kept.clear()
        at = self._skip
        try:
            while self._end_marks < _END:
                entry, after = self._read(piece, at)
                at = after
                if entry:
                    yield entry
        except _ShortError as short:
            self._wanted = short.end - len(piece)
            if at < len(piece):
                self._kept.append(piece[at:])
        self._skip = max(at - len(piece), 0)

    def close(self) -> None:
        """End the stream.

        Raises:
            LayerError: the stream ends within an entry.
        """
        if self._kept or (self._skip and self._end_marks < _END):
            raise unreadable("the tar stream is cut off")

    def _read(self, piece: bytes, at: int) -> tuple[TarEntry | None, int]:
        """Return the entry at a position (None if its header extends the next one), and the next header's position."""
        header = _take(piece, at, _BLOCK)
        flag = header[156]
        body = at + _BLOCK
        if not flag and not header.strip(b"\0"):
            self._end_marks += 1
            return None, body
        size = self._checked_size(header)
        if flag in _EXTENSIONS:
            if size > _LONGEST_EXTENSION:
                raise over_limit(f"an extended tar header has {size} bytes, above 1 MiB")
            self._extend(flag, _take(piece, body, size))
            entry = None
        else:
            if flag == _SPARSE and header[482]:
                body = _after_sparse_map(piece, body)
            if b"size" in self._pax:
                size = _decimal(self._pax[b"size"])
            if flag in _WITHOUT_CONTENT:
                size = 0
            head = _take(piece, body, min(size, HEAD)) if size and flag in _KINDS else b""
            entry = self._entry(header, size, head)
        self._headers += 1
        if self._headers > self._most_headers:
            raise over_limit(f"it has more than {self._most_headers:,} tar headers")
        return entry, body + size + -size % _BLOCK

    def _checked_size(self, header: bytes) -> int:
        if self._end_marks:
            raise unreadable("a tar header follows an end mark")
        checksum = header[148:156]
        # adler32's lower half is 1 + the sum of the bytes, modulo 65521: ten times faster than a sum
        total = (zlib.adler32(header) & 0xFFFF) - 1 - sum(checksum) + _SPACES
        stated = _number(checksum)
        if (total - stated) % _ADLER and stated != _signed_sum(header):
            raise unreadable("a tar header does not have its checksum")
        return _number(header[124:136])

    def _extend(self, flag: int, content: bytes) -> None:
        if flag == _PAX:
            self._pax = _records(content)
        elif flag == _GLOBAL_PAX:
            self._pax = {}
        else:
            self._long[flag] = content.partition(b"\0")[0]

    def _entry(self, header: bytes, size: int, head: bytes) -> TarEntry:
        path = header[:100].partition(b"\0")[0]
        if header[345] and header[257:265] == b"ustar\x0000":
            path = _prefix(header) + b"/" + path
        target = header[157:257].partition(b"\0")[0] if header[157] else b""
        if self._pax or self._long:
            path = self._override(path, _LONG_PATH, b"GNU.sparse.name", b"path")
            target = self._override(target, _LONG_TARGET, b"linkpath")
            if self._pax.get(b"GNU.sparse.major") == b"1":
                head = _dense(head)
            self._pax, self._long = {}, {}
        kind = _KINDS.get(header[156], EntryKind.OTHER)
        if not header[156] and path.endswith(b"/"):
            kind = EntryKind.DIRECTORY
        return TarEntry(path, kind, _number(header[100:108]) & 0o7777, size, target, head)

    def _override(self, text: bytes, flag: int, *keys: bytes) -> bytes:
        longer = (self._long.get(flag), *map(self._pax.get, keys))
        return next(filter(None, longer), text)


class _ShortError(Exception):
    """The reader needs more bytes first, up to `end`."""

    def __init__(self, end: int) -> None:
        super().__init__(end)
        self.end = end


def _take(piece: bytes, at: int, count: int) -> bytes:
    end = at + count
    if end > len(piece):
        raise _ShortError(end)
    return piece[at:end]


@lru_cache(maxsize=1 << 13)
def _number(field: bytes) -> int:
    """Read a number of a header: octal text, or binary if the first bit is set (GNU)."""
    if field[0] & 0x80:
        if field[0] & 0x40:
            raise unreadable("a number in a tar header is negative")
        number = int.from_bytes(bytes([field[0] & 0x3F]) + field[1:])
    else:
        digits = field.strip(b" \0").partition(b"\0")[0]
        if not digits:
            return 0
        try:
            number = int(digits, 8) if digits.isdigit() else -1
        except ValueError:
            number = -1
    if not 0 <= number < _LARGEST:
        raise unreadable(f"{field!r} in a tar header is not a number")
    return number


def _decimal(text: bytes) -> int:
    if not text.isdigit() or len(text) >= len(str(_LARGEST)):
        raise unreadable("a size in a pax header is not a number")
    return int(text)


def _signed_sum(header: bytes) -> int:
    """Return the checksum as old tar programs made it, with signed bytes."""
    return sum(byte - 256 * (byte > 127) for byte in header[:148] + b" " * 8 + header[156:])  # noqa: PLR2004


def _prefix(header: bytes) -> bytes:
    end = 476 if header[508:] == b"tar\0" else 500  # star keeps times behind a shorter prefix
    return header[345:end].partition(b"\0")[0]


def _records(content: bytes) -> dict[bytes, bytes]:
    """Return the records of a pax header, `length key=value`. Records without a value are left out."""
    records: dict[bytes, bytes] = {}
    at = 0
    while at < len(content):
        digits, space, _ = content[at : at + 20].partition(b" ")
        end = at + int(digits) if space and digits.isdigit() else 0
        key, equals, value = content[at + len(digits) + 1 : end - 1].partition(b"=")
        if not equals or content[end - 1 : end] != b"\n" or b"\0" in key:
            raise unreadable("a pax header is malformed")
        if value:
            records[key] = value
        if len(records) > _MOST_RECORDS:
            raise over_limit(f"a pax header has more than {_MOST_RECORDS} records")
        at = end
    if any(b"\0" in records.get(key, b"") for key in (b"path", b"linkpath", b"GNU.sparse.name")):
        raise unreadable("a path in a pax header has a zero byte")
    return records


def _after_sparse_map(piece: bytes, at: int) -> int:
    """Return where the content begins, after the blocks that continue a GNU sparse header."""
    begin = at
    while True:
        block = _take(piece, at, _BLOCK)
        at += _BLOCK
        if not block[504]:
            return at
        if at - begin > _LONGEST_EXTENSION:
            raise over_limit("the map of a sparse file is above 1 MiB")


def _dense(head: bytes) -> bytes:
    """Return a sparse file's first bytes, which stand after the map of its regions (GNU pax sparse 1.0)."""
    count, *numbers = head.split(b"\n")
    length = 2 * int(count) if count.isdigit() and len(count) < len(str(HEAD)) else 0
    if not 0 < length < len(numbers) or numbers[0] != b"0" or not numbers[1].isdigit():
        return b""
    end = len(count) + 1 + sum(len(number) + 1 for number in numbers[:length])
    content = end + -end % _BLOCK
    return head[content : content + int(numbers[1])]
