"""Recognises a file by its first bytes: a program or library for a machine, a script, or neither."""

import struct
from collections.abc import Callable

from bake_compiler.layers import elf, pe, script
from bake_compiler.layers.elf import Elf, read_elf
from bake_compiler.layers.mach_o import MachO, read_mach_o
from bake_compiler.layers.pe import Pe, read_pe
from bake_compiler.layers.script import Script, read_script

Binary = Elf | Pe | MachO | Script

_READERS: dict[bytes, Callable[[bytes], Binary | None]] = {
    elf.MAGIC[:2]: read_elf,
    pe.MAGIC: read_pe,
    script.MAGIC: read_script,
    **dict.fromkeys((b"\xfe\xed", b"\xce\xfa", b"\xcf\xfa", b"\xca\xfe"), read_mach_o),
}


def identify(head: bytes) -> Binary | None:
    """Return what a file is, by its first bytes; None if it is neither binary nor script, or cut off. Never fails."""
    reader = _READERS.get(head[:2])
    try:
        return reader(head) if reader else None
    except (struct.error, IndexError):
        return None
