"""What the checks of doctor found: one result for each thing that a build needs, and how a build ends on bad ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bake_compiler.bakefile.blocks import BAKE_FILE
from bake_compiler.bases.builder import LookedUp
from bake_compiler.buildx.said import Machine
from bake_compiler.errors import ModelError, PreflightError, Problem
from bake_compiler.inputs.image import MadeFrom


class CheckState(StrEnum):
    """What a check came to; what could not be looked at is unknown, and never ok.

    A note is no reason to end a build, and may be the cause of what goes wrong later.
    """

    OK = "ok"
    NOTE = "note"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class CheckResult:
    """What was looked at.

    Attributes:
        subject: such as `buildx`, `linux/arm64` or `registry ghcr.io`.
        state: what it came to.
        found: what there is, in a few words.
        mend: the command, or the words, that mend it; empty when nothing is to be mended.
    """

    subject: str
    state: CheckState
    found: str
    mend: str = ""


def good(subject: str, found: str) -> CheckResult:
    """It is as it should be."""
    return CheckResult(subject, CheckState.OK, found)


def note(subject: str, found: str, mend: str = "") -> CheckResult:
    """A build may go well with it."""
    return CheckResult(subject, CheckState.NOTE, found, mend)


def bad(subject: str, found: str, mend: str) -> CheckResult:
    """A build would fail of it."""
    return CheckResult(subject, CheckState.BAD, found, mend)


def unknown(subject: str, why: str, mend: str = "") -> CheckResult:
    """It could not be looked at."""
    return CheckResult(subject, CheckState.UNKNOWN, why, mend)


class UnfitError(PreflightError):
    """Something that a build needs is not as it must be.

    Args:
        checks: all that was looked at; at least one is bad.
    """

    def __init__(self, checks: Sequence[CheckResult]) -> None:
        wrong = [check for check in checks if check.state is CheckState.BAD]
        only = wrong[0] if len(wrong) == 1 else None
        super().__init__(
            f"{only.subject}: {only.found}; nothing was built" if only else f"{len(wrong)} faults; nothing was built",
            hint=only.mend if only else "mend them all, and see with `bakec doctor` that they are",
            problems=() if only else [Problem(check.subject, 0, "", check.found, check.mend) for check in wrong],
        )
        self.checks = tuple(checks)


@dataclass(frozen=True)
class Preflight:
    """What was found out before a build.

    Attributes:
        machine: what there is to build with.
        variables: the values of the bake file's variables, with the values from the git checkout.
        made: image → what it is made from.
        bases: what the names of base images stand for.
        checks: the results, in the order of the checks.
    """

    machine: Machine
    variables: Mapping[str, str]
    made: Mapping[str, MadeFrom]
    bases: LookedUp
    checks: tuple[CheckResult, ...]

    def refuse(self) -> None:
        """Return if nothing is bad.

        Raises:
            ModelError: only the bake file is bad: it is not what the models say.
            UnfitError: something else is bad.
        """
        wrong = [check for check in self.checks if check.state is CheckState.BAD]
        if wrong and all(check.subject == BAKE_FILE for check in wrong):
            raise ModelError(wrong[0].found, hint=f"run `{wrong[0].mend}`")
        if wrong:
            raise UnfitError(self.checks)
