"""The smallest program of each architecture.

It exits with argc - 1, the number of its arguments, and does nothing else.

Without arguments the program exits with 0. An emulator that takes the program's name for an argument makes it exit
with 1.

Source: System V ABI, ELF header and program header, and argc on top of the first stack; Linux, the number of `exit` of
each architecture.
"""

import struct
from typing import NamedTuple

from bake_compiler.oci.platform import Platform

_ADDRESS = 0x10000
_PAGE = 0x10000


class _Machine(NamedTuple):
    """The format of an ELF file of an architecture: e_machine, e_flags, 64 or 32 bit, byte order, and the code."""

    number: int
    code: str
    wide: bool = True
    order: str = "<"
    flags: int = 0


_MACHINES = {
    "amd64": _Machine(62, "8b3c24 ffcf b83c000000 0f05"),
    "386": _Machine(3, "8b1c24 4b b801000000 cd80", wide=False),
    "arm64": _Machine(183, "e00340f9 000400d1 a80b80d2 010000d4"),
    "arm": _Machine(40, "00009de5 010040e2 0170a0e3 000000ef", wide=False, flags=0x5000000),
    "riscv64": _Machine(243, "03350100 1305f5ff 9308d005 73000000"),
    "ppc64le": _Machine(21, "000061e8 ffff6338 01000038 02000044", flags=2),
    "s390x": _Machine(22, "e320f0000004 a72bffff 0a01", order=">"),
}


def smallest_program(platform: Platform) -> bytes | None:
    """Return a static ELF file that exits with the number of its arguments; None if bakec has none for the platform."""
    machine = _MACHINES.get(platform.architecture) if platform.os == "linux" else None
    return _elf(machine) if machine else None


def _elf(machine: _Machine) -> bytes:
    code = bytes.fromhex(machine.code)
    word = "Q" if machine.wide else "I"
    header, entry = (64, 56) if machine.wide else (52, 32)
    size = header + entry + len(code)
    magic = b"\x7fELF" + bytes((1 + machine.wide, 1 + (machine.order == ">"), 1)) + bytes(9)
    elf = magic + struct.pack(
        f"{machine.order}HHI{word}{word}{word}IHHHHHH",
        *(2, machine.number, 1, _ADDRESS + header + entry, header, 0, machine.flags, header, entry, 1, 0, 0, 0),
    )
    if machine.wide:
        segment = struct.pack(f"{machine.order}IIQQQQQQ", 1, 5, 0, _ADDRESS, _ADDRESS, size, size, _PAGE)
    else:
        segment = struct.pack(f"{machine.order}IIIIIIII", 1, 0, _ADDRESS, _ADDRESS, size, size, 5, _PAGE)
    return elf + segment + code
