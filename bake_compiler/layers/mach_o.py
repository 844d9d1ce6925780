"""Reads Mach-O files by their first bytes. Source: Apple, mach-o/loader.h and mach-o/fat.h."""

import struct
from dataclasses import dataclass

_THIN = {
    b"\xfe\xed\xfa\xce": ">",
    b"\xfe\xed\xfa\xcf": ">",
    b"\xce\xfa\xed\xfe": "<",
    b"\xcf\xfa\xed\xfe": "<",
}
_UNIVERSAL = {b"\xca\xfe\xba\xbe": 20, b"\xca\xfe\xba\xbf": 32}
_FIRST_JAVA_VERSION = 43  # a Java class file has the same magic, and its version in the place of the count
_MACHINES = {
    7: "i386",
    12: "arm",
    18: "ppc",
    0x0100_0007: "x86_64",
    0x0100_000C: "aarch64",
    0x0100_0012: "ppc64",
    0x0200_000C: "aarch64_ilp32",
}


@dataclass(frozen=True, slots=True)
class MachO:
    """A program or library for macOS.

    Attributes:
        machines: the machines that it has code for, by the names of ELF machines; several in a universal file.
    """

    machines: tuple[str, ...]


def read_mach_o(head: bytes) -> MachO | None:
    """Read the first bytes of a file; None if it is not a Mach-O file.

    Raises:
        struct.error: the bytes end within the header.
    """
    magic = head[:4]
    if order := _THIN.get(magic):
        return MachO((_machine(*struct.unpack_from(f"{order}I", head, 4)),))
    if step := _UNIVERSAL.get(magic):
        (count,) = struct.unpack_from(">I", head, 4)
        if 0 < count < _FIRST_JAVA_VERSION:
            places = range(8, 8 + count * step, step)
            return MachO(tuple(_machine(*struct.unpack_from(">I", head, at)) for at in places))
    return None


def _machine(number: int) -> str:
    return _MACHINES.get(number, f"mach-o-machine-{number}")
