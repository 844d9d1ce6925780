"""One thing that a build needs, whether it is so, and what mends it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bake_compiler.errors import PreflightError, Problem


class State(StrEnum):
    """What a check came to; what could not be looked at is unknown, and never ok.

    A note is no reason to end a build, and may be the cause of what goes wrong later.
    """

    OK = "ok"
    NOTE = "note"
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


def note(subject: str, found: str, mend: str = "") -> Check:
    """A build may go well with it."""
    return Check(subject, State.NOTE, found, mend)


def bad(subject: str, found: str, mend: str) -> Check:
    """A build would fail of it."""
    return Check(subject, State.BAD, found, mend)


def unknown(subject: str, why: str, mend: str = "") -> Check:
    """It could not be looked at."""
    return Check(subject, State.UNKNOWN, why, mend)


class UnfitError(PreflightError):
    """Something that a build needs is not as it must be.

    Args:
        checks: all that was looked at; at least one is bad.
    """

    def __init__(self, checks: Sequence[Check]) -> None:
        wrong = [check for check in checks if check.state is State.BAD]
        only = wrong[0] if len(wrong) == 1 else None
        super().__init__(
            f"{only.subject}: {only.found}; nothing was built" if only else f"{len(wrong)} faults; nothing was built",
            hint=only.mend if only else "mend them all, and see with `bakec doctor` that they are",
            problems=() if only else [Problem(check.subject, 0, "", check.found, check.mend) for check in wrong],
        )
        self.checks = tuple(checks)
