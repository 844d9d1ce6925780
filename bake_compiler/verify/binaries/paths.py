"""Paths of an image in findings: which paths are left out, and how the others are written."""

import re
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from bake_compiler.layers.elf import Elf
from bake_compiler.layers.mach_o import MachO
from bake_compiler.layers.machines import is_foreign
from bake_compiler.layers.pe import Pe
from bake_compiler.verify.binaries.deep import Deep
from bake_compiler.verify.promise import Promise

_SHOWN = 3
_NEVER_RUN = ("lib/firmware/*", "usr/lib/firmware/*", "*/testdata/*")  # Go's own distribution has testdata

# `linux-x64`, `darwin-arm64`, `win32-ia32`: packages use such names for files from which they choose at run time
_SYSTEM = r"(?:alpine|linux|linuxmusl|musl|darwin|osx|macos|win|win32|windows|android|freebsd)"
_MACHINE = r"(?:x64|x86|x86_64|amd64|ia32|i386|i686|arm\w*|aarch64|ppc64\w*|s390x|riscv64|mips\w*|loong\w*|universal)"
_NAMED = re.compile(rf"(?<=[/_.-]){_SYSTEM}[-_](?:musl[-_])?{_MACHINE}(?:\+{_MACHINE})*(?=[/_.-]|$)")


def unmeant(promise: Promise, deep: Deep, paths: Iterable[str]) -> list[str]:
    """The paths at which code for other systems or machines is not intended.

    Such code is intended in three cases:

    - the promise has a pattern for its path;
    - it is firmware or test data;
    - its name shows that it belongs to a set, and the set also has a file for this platform or for another system.
      Examples are `linux-x64` beside `linux-arm64`, and `attach_linux_amd64.so` beside `attach.dylib`.
    """
    patterns = (*promise.foreign, *_NEVER_RUN)
    left = [path for path in paths if not _matches(path, patterns)]
    if any(map(_set_of, left)):
        sets = frozenset(_sets(deep))
        left = [path for path in left if not {_set_of(path), _directory(_set_of(path))} & sets]
    return left


def some(paths: Sequence[str]) -> str:
    """The first paths, and how many more there are, as text."""
    first = ", ".join(map(spelled, sorted(paths)[:_SHOWN]))
    more = len(paths) - _SHOWN
    return f"{first} and {more} more" if more > 0 else first


def spelled(path: str) -> str:
    """A path that a person can read. Characters that could confuse a terminal are escaped."""
    return path if path.isprintable() else ascii(path)


def _matches(path: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(path.lstrip("/"), pattern.lstrip("/")) for pattern in patterns)


def _sets(deep: Deep) -> Iterator[str]:
    for path, file in deep.tree.programs():
        match file.binary:
            case Elf(machine=machine) if not is_foreign(machine, deep.platform) and (own := _set_of(path)):
                yield own
            case MachO() | Pe(managed=False):
                yield _set_of(path) or _directory(path)
            case _:
                pass


def _set_of(path: str) -> str:
    """The path up to the part that names a system and a machine. Empty if no part names both."""
    named = _NAMED.search(path)
    return path[: named.start()] if named else ""


def _directory(path: str) -> str:
    return path[: path.rfind("/") + 1]
