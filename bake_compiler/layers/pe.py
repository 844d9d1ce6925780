"""Reads PE files by their first bytes. Source: Microsoft, "PE Format"."""

import struct
from dataclasses import dataclass
from typing import Final

MAGIC: Final = b"MZ"

_MACHINES = {
    0x014C: "i386",
    0x01C0: "arm",
    0x01C2: "arm",
    0x01C4: "arm",
    0x0200: "ia64",
    0x5032: "riscv32",
    0x5064: "riscv64",
    0x6264: "loongarch",
    0x8664: "x86_64",
    0xA641: "aarch64",
    0xAA64: "aarch64",
}
_EFI = range(10, 14)
_WIDE = b"\x0b\x02"
_CLR_DIRECTORY = 14


@dataclass(frozen=True, slots=True)
class Pe:
    """A program or library for Windows, .NET or the firmware.

    Attributes:
        machine: the machine's name, as for an ELF file; `pe-machine-N` if bakec knows no name.
        managed: whether the file is a .NET assembly, which runs on every machine with .NET.
        firmware: whether the file is for EFI, as a Linux kernel is.
    """

    machine: str
    managed: bool = False
    firmware: bool = False


def read_pe(head: bytes) -> Pe | None:
    """Read the first bytes of a file; None if it is not a PE file.

    Raises:
        struct.error: the bytes end within the header.
    """
    (at,) = struct.unpack_from("<I", head, 60)
    if head[at : at + 4] != b"PE\0\0":
        return None
    number, size = struct.unpack_from("<H14xH", head, at + 4)
    optional = head[at + 24 : at + 24 + size]
    clr = (112 if optional[:2] == _WIDE else 96) + 8 * _CLR_DIRECTORY
    return Pe(
        _MACHINES.get(number, f"pe-machine-{number}"),
        managed=any(optional[clr : clr + 4]),
        firmware=int.from_bytes(optional[68:70], "little") in _EFI,
    )
