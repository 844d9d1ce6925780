"""The first bytes of programs and libraries for any machine, and of what only looks like one."""

import struct

_ELF = {  # architecture: e_machine, bits, byte order
    "386": (3, 32, "<"),
    "amd64": (62, 64, "<"),
    "arm": (40, 32, "<"),
    "arm64": (183, 64, "<"),
    "bpf": (247, 64, "<"),
    "loong64": (258, 64, "<"),
    "mips64": (8, 64, ">"),
    "mips64le": (8, 64, "<"),
    "ppc64": (21, 64, ">"),
    "ppc64le": (21, 64, "<"),
    "riscv64": (243, 64, "<"),
    "s390x": (22, 64, ">"),
}
_PE = {"386": 0x014C, "amd64": 0x8664, "arm": 0x01C4, "arm64": 0xAA64}
_MACH_O = {"amd64": 0x0100_0007, "arm64": 0x0100_000C}
_OBJECT, _EXECUTABLE, _SHARED = 1, 2, 3
_DLL, _CLR = 0x2000, 14


def elf(architecture: str, *, loader: str = "", library: bool = False, relocatable: bool = False) -> bytes:
    """An ELF file: a static program, unless it names a loader (PT_INTERP), or is a library or an object file."""
    machine, bits, order = _ELF[architecture]
    use = _OBJECT if relocatable else _SHARED if library else _EXECUTABLE
    address, header_size, step = ("Q", 64, 56) if bits == 64 else ("I", 52, 32)
    path = loader.encode() + b"\0" if loader else b""
    at = header_size + step
    ident = b"\x7fELF" + bytes([2 if bits == 64 else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    table = (header_size, step, 1) if loader else (0, 0, 0)
    header = struct.pack(
        f"{order}HHI{address}{address}{address}IHHHHHH",
        *(use, machine, 1, 0, table[0], 0, 0, header_size, table[1], table[2], 0, 0, 0),
    )
    segment = struct.pack(f"{order}IIQQQQQQ", 3, 4, at, 0, 0, len(path), len(path), 1)
    if bits == 32:
        segment = struct.pack(f"{order}IIIIIIII", 3, at, 0, 0, len(path), len(path), 4, 1)
    return ident + header + (segment + path if loader else b"")


def pe(architecture: str, *, library: bool = False, managed: bool = False) -> bytes:
    """A program or DLL for Windows, or a .NET assembly."""
    wide = architecture in {"amd64", "arm64"}
    fixed = 112 if wide else 96
    optional = bytearray(fixed + 8 * 16)
    optional[:2] = b"\x0b\x02" if wide else b"\x0b\x01"
    optional[68:70] = (3).to_bytes(2, "little")
    if managed:
        struct.pack_into("<II", optional, fixed + 8 * _CLR, 0x2008, 72)
    flags = 0x0022 | (_DLL if library else 0)
    header = struct.pack("<HHIIIHH", _PE[architecture], 1, 0, 0, 0, len(optional), flags)
    return b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + header + bytes(optional)


def mach_o(architecture: str) -> bytes:
    """A program for macOS."""
    return struct.pack("<IIIIIIII", 0xFEEDFACF, _MACH_O[architecture], 0, 2, 0, 0, 0, 0)


def java_class() -> bytes:
    """A compiled class of Java 17, which begins as a universal Mach-O file does."""
    return struct.pack(">IHH", 0xCAFEBABE, 0, 61) + bytes(40)


def script(interpreter: str, newline: str = "\n") -> bytes:
    """A script of this `#!` line."""
    return f"#!{interpreter}{newline}echo{newline}".encode()
