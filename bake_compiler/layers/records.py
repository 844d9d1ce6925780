"""The form in which a layer's entries are kept: a stream of records. A zero byte ends each record, as no path has one.

A record is a mark and a text:

- `d` names the directory of the records after it. All other marks name an entry in this directory.
- `/` is a directory.
- `p` is a file that can't be run. `x` is an executable file of unknown type.
- `b` is a binary, and `B` is an executable binary. The next record describes the binary.
- `l` is a symlink, and `h` is a hard link. The next record is the target.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from pydantic import TypeAdapter

from bake_compiler.layers.binary import Binary

END: Final = b"\0"

_BINARY: TypeAdapter[Binary] = TypeAdapter(Binary)


@lru_cache(maxsize=1024)
def written(binary: Binary) -> bytes:
    """Return the record that describes a binary."""
    return _BINARY.dump_json(binary, exclude_defaults=True)


@lru_cache(maxsize=1024)
def read_record(text: str) -> Binary:
    """Return the binary that a record describes."""
    return _BINARY.validate_json(text)


def split(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield the records of a stream that arrives in pieces. Bytes that are not UTF-8 are escaped."""
    rest = b""
    for piece in pieces:
        whole, end, rest = (rest + piece).rpartition(END)
        if end:
            yield from whole.decode(errors="backslashreplace").split("\0")
