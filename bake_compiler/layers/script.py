"""Reads scripts by their first line. Source: execve(2), "Interpreter scripts"."""

from dataclasses import dataclass
from typing import Final

MAGIC: Final = b"#!"

_LONGEST = 255


@dataclass(frozen=True, slots=True)
class Script:
    """A file whose first line names the program that runs it.

    Attributes:
        interpreter: the program.
        argument: the rest of the line; the kernel passes it as one word.
        flaw: why the kernel can't run the script; may be empty.
    """

    interpreter: str
    argument: str = ""
    flaw: str = ""


def read_script(head: bytes) -> Script:
    """Read the first line of a file."""
    line, newline, _ = head[: _LONGEST + 1].partition(b"\n")
    text = line[:_LONGEST].removeprefix(MAGIC).decode(errors="backslashreplace")
    interpreter, _, argument = text.strip(" \t\r").replace("\t", " ").partition(" ")
    return Script(interpreter, argument.strip(), _flaw(text, interpreter, cut=not newline and len(head) > _LONGEST))


def _flaw(text: str, interpreter: str, *, cut: bool) -> str:
    if text.endswith("\r"):
        return "its first line ends in a carriage return, which becomes part of the interpreter's name"
    if not interpreter:
        return "its first line names no interpreter"
    if cut and not text.strip(" \t").partition(" ")[1]:
        return f"its first line is longer than {_LONGEST} bytes"
    return ""
