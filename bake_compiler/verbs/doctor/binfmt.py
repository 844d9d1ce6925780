"""How the kernel of this machine runs programs of other architectures.

Source: Linux, Documentation/admin-guide/binfmt-misc.rst and fs/binfmt_misc.c.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BINFMT = Path("/proc/sys/fs/binfmt_misc")


@dataclass(frozen=True)
class Handler:
    """An entry of binfmt_misc.

    Attributes:
        path: the entry's file.
        enabled: whether the entry is active.
        interpreter: the emulator that runs the programs.
        flags: F: the emulator was opened at registration, so it works in every container. P: the emulator gets argv[0].
        magic, mask, offset: which files it is about.
    """

    path: Path
    enabled: bool
    interpreter: str
    flags: str
    magic: bytes
    mask: bytes
    offset: int

    @property
    def program(self) -> str:
        """The emulator's file; empty if it does not exist here: it may have been opened in a container that is gone."""
        file = Path(self.interpreter).resolve()
        return str(file) if self.interpreter and file.is_file() else ""

    def takes(self, content: bytes) -> bool:
        """Whether the entry is for a file with this content."""
        part = content[self.offset : self.offset + len(self.magic)]
        pairs = zip(part, self.magic, self.mask, strict=False)
        return bool(self.magic) and len(part) == len(self.magic) and all((a ^ b) & mask == 0 for a, b, mask in pairs)


def handler_of(content: bytes, folder: Path = BINFMT) -> Handler | None:
    """Return the entry that would run a program; an enabled entry is preferred to a disabled one.

    Args:
        content: the program's bytes.
        folder: the folder of binfmt_misc.

    Raises:
        OSError: binfmt_misc is not mounted, or can't be read.
    """
    if not (folder / "status").exists():
        raise FileNotFoundError(f"{folder} is not mounted")
    taking = [handler for handler in _handlers(folder) if handler.takes(content)]
    return max(taking, key=lambda handler: handler.enabled, default=None)


def _handlers(folder: Path) -> Iterator[Handler]:
    on = (folder / "status").read_text(encoding="utf-8").strip() == "enabled"
    for path in sorted(folder.iterdir()):
        if path.name not in {"status", "register"}:
            yield _read(path, path.read_text(encoding="utf-8", errors="surrogateescape"), on=on)


def _read(path: Path, text: str, *, on: bool) -> Handler:
    lines = text.splitlines()
    said = dict(line.replace(":", "", 1).split(" ", 1) for line in lines if re.match(r"[a-z]+:? ", line))
    magic = bytes.fromhex(said.get("magic", ""))
    mask = bytes.fromhex(said.get("mask", "ff" * len(magic)))
    offset = said.get("offset", "0")
    return Handler(
        path,
        on and lines[:1] == ["enabled"],
        said.get("interpreter", ""),
        said.get("flags", ""),
        magic,
        mask,
        int(offset) if offset.isdecimal() else 0,
    )
