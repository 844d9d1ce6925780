"""Writes a number together with its noun."""


def counted(number: int, noun: str) -> str:
    """Return the number and the noun: `1 image`, `2 images`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
