"""Texts and quantities, as the page shows them."""

from rich.text import Text

from bake_compiler.report.words.lines import printable

_MINUTE, _HOUR = 60, 3600
_UNITS = ("B", "kB", "MB", "GB", "TB")
_THOUSAND = 1000.0


def clean_text(text: str) -> str:
    """The text without terminal codes, control characters, and characters that change the direction of text."""
    if text.isascii() and text.isprintable():
        return text
    return printable("\n".join(Text.from_ansi(line).plain for line in text.split("\n")))


def duration(seconds: float) -> str:
    """The duration as text: `0.4 s`, `41 s`, `3 min 05 s`, `1 h 02 min`."""
    if seconds < 9.95:  # noqa: PLR2004 - what rounds to 10 needs no tenths
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02} min"


def size(count: int) -> str:
    """The size as text: `512 B`, `18.4 MB`. Units are decimal, as in registries."""
    amount, unit = float(count), 0
    while amount >= _THOUSAND and unit < len(_UNITS) - 1:
        amount, unit = amount / _THOUSAND, unit + 1
    return f"{amount:.0f} {_UNITS[unit]}" if unit == 0 else f"{amount:.1f} {_UNITS[unit]}"
