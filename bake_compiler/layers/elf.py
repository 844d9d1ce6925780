"""Reads ELF files by their first bytes. Source: System V ABI (gabi 4.1, "ELF Header", "Program Header")."""

import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

MAGIC: Final = b"\x7fELF"

_MACHINES = {
    2: "sparc",
    3: "i386",
    4: "m68k",
    8: "mips",
    15: "parisc",
    18: "sparc32plus",
    20: "ppc",
    21: "ppc64",
    22: "s390",
    40: "arm",
    42: "sh",
    43: "sparc64",
    50: "ia64",
    62: "x86_64",
    83: "avr",
    94: "xtensa",
    105: "msp430",
    164: "hexagon",
    183: "aarch64",
    190: "cuda",
    224: "amdgpu",
    243: "riscv",
    247: "bpf",
    252: "csky",
    258: "loongarch",
    0x9026: "alpha",
}
_PT_INTERP = 3
_MOST_PROGRAM_HEADERS = 64


class ElfUse(StrEnum):
    """What an ELF file is for."""

    OTHER = "other"
    OBJECT = "relocatable object"
    EXECUTABLE = "executable"
    SHARED = "shared object"
    CORE = "core dump"


@dataclass(frozen=True, slots=True)
class Elf:
    """An ELF file.

    Attributes:
        machine: the machine's name with class and byte order: `x86_64`, `arm`, `ppc64le`; `elf-machine-N` if bakec
            knows no name.
        use: what the file is for; a position-independent program counts as a shared object.
        loader: PT_INTERP; empty if there is none, or none in the first bytes.
    """

    machine: str
    use: ElfUse
    loader: str = ""


class _Class(NamedTuple):
    """The positions of the fields in a class of ELF files."""

    headers: str
    headers_at: int
    sizes_at: int
    header: str
    offset: int
    length: int
    names: dict[str, str]


_CLASSES = {
    1: _Class("I", 28, 42, "IIIII", 1, 4, {"x86_64": "x32", "aarch64": "aarch64_ilp32", "riscv": "riscv32"}),
    2: _Class("Q", 32, 54, "IIQQQQ", 2, 5, {"mips": "mips64", "s390": "s390x", "riscv": "riscv64"}),
}
_ORDERS = {1: "<", 2: ">"}
_NAMES = {
    "<": {"mips": "mipsel", "mips64": "mips64el", "ppc": "ppcle", "ppc64": "ppc64le"},
    ">": {"arm": "armeb", "aarch64": "aarch64_be"},
}
_USES = {1: ElfUse.OBJECT, 2: ElfUse.EXECUTABLE, 3: ElfUse.SHARED, 4: ElfUse.CORE}


def read_elf(head: bytes) -> Elf | None:
    """Read the first bytes of a file; None if it is not an ELF file.

    Raises:
        IndexError, struct.error: the bytes end within the header.
    """
    layout, order = _CLASSES.get(head[4]), _ORDERS.get(head[5])
    if not head.startswith(MAGIC) or layout is None or order is None:
        return None
    use, number = struct.unpack_from(f"{order}HH", head, 16)
    machine = _MACHINES.get(number, f"elf-machine-{number}")
    machine = layout.names.get(machine, machine)
    machine = _NAMES[order].get(machine, machine)
    loader = _loader(head, layout, order)
    return Elf(machine, _USES.get(use, ElfUse.OTHER), loader)


def _loader(head: bytes, layout: _Class, order: str) -> str:
    (table,) = struct.unpack_from(order + layout.headers, head, layout.headers_at)
    step, count = struct.unpack_from(f"{order}HH", head, layout.sizes_at)
    header = struct.Struct(order + layout.header)
    for at in range(table, table + min(count, _MOST_PROGRAM_HEADERS) * step, step or 1):
        if at + header.size > len(head):
            break
        fields = header.unpack_from(head, at)
        if fields[0] == _PT_INTERP:
            begin, end = fields[layout.offset], fields[layout.offset] + fields[layout.length]
            return head[begin:end].partition(b"\0")[0].decode(errors="backslashreplace") if end <= len(head) else ""
    return ""
