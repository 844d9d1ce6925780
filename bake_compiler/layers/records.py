"""What is kept of a layer's entries: a stream of records, each ended by a zero byte, which no path has in it.

A record is a mark and a text. `d` names the directory of the records after it; all others name an entry there:
`/` a directory; `p` what can't run and `x` what may be run but says nothing of itself; `b` a binary and `B` one that
may be run, each followed by a record of what it is; `l` a symlink and `h` a hard link, each followed by its target.
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
    """What a binary is, as a record."""
    return _BINARY.dump_json(binary, exclude_defaults=True)


@lru_cache(maxsize=1024)
def read_record(text: str) -> Binary:
    """What a record says that a binary is."""
    return _BINARY.validate_json(text)


def split(pieces: Iterable[bytes]) -> Iterator[str]:
    """The records of a stream that comes in pieces; bytes that are no UTF-8 are spelled out."""
    rest = b""
    for piece in pieces:
        whole, end, rest = (rest + piece).rpartition(END)
        if end:
            yield from whole.decode(errors="backslashreplace").split("\0")
