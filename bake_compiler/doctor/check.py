"""One thing that a build needs, whether it is so, and what mends it."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What a check came to; what could not be looked at is unknown, and never ok."""

    OK = "ok"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Check:
    """What was looked at.

    Attributes:
        subject: such as `buildx`, `linux/arm64` or `registry ghcr.io`.
        state: what it came to.
        found: what there is, in a few words.
        mend: the command, or the words, that mend it; empty when nothing is to be mended.
    """

    subject: str
    state: State
    found: str
    mend: str = ""


def good(subject: str, found: str) -> Check:
    """It is as it should be."""
    return Check(subject, State.OK, found)


def bad(subject: str, found: str, mend: str) -> Check:
    """A build would fail of it."""
    return Check(subject, State.BAD, found, mend)


def unknown(subject: str, why: str, mend: str = "") -> Check:
    """It could not be looked at."""
    return Check(subject, State.UNKNOWN, why, mend)
