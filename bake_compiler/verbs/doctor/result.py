"""The results of doctor's checks, one for each thing that a build needs, and the error for a build with bad results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bake_compiler.bakefile.blocks import BAKE_FILE
from bake_compiler.bases.builder import LookedUp
from bake_compiler.buildx.said import Machine
from bake_compiler.errors import ModelError, PreflightError, Problem
from bake_compiler.inputs.image import MadeFrom


class CheckState(StrEnum):
    """The state of a check. If bakec could not make the check, the state is unknown, never ok.

    A note does not end a build. It may be the cause of a later problem.
    """

    OK = "ok"
    NOTE = "note"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class CheckResult:
    """The result of a check.

    Attributes:
        subject: such as `buildx`, `linux/arm64` or `registry ghcr.io`.
        state: the check's state.
        found: the finding, in a few words.
        mend: the command or the advice that fixes the problem; empty if there is no problem.
    """

    subject: str
    state: CheckState
    found: str
    mend: str = ""


def good(subject: str, found: str) -> CheckResult:
    """Return a result without a problem."""
    return CheckResult(subject, CheckState.OK, found)


def note(subject: str, found: str, mend: str = "") -> CheckResult:
    """Return a result with which a build may succeed."""
    return CheckResult(subject, CheckState.NOTE, found, mend)


def bad(subject: str, found: str, mend: str) -> CheckResult:
    """Return a result with which a build would fail."""
    return CheckResult(subject, CheckState.BAD, found, mend)


def unknown(subject: str, why: str, mend: str = "") -> CheckResult:
    """Return the result of a check that could not be made."""
    return CheckResult(subject, CheckState.UNKNOWN, why, mend)


class UnfitError(PreflightError):
    """Something that a build needs has a problem.

    Args:
        checks: all results; at least one is bad.
    """

    def __init__(self, checks: Sequence[CheckResult]) -> None:
        wrong = [check for check in checks if check.state is CheckState.BAD]
        only = wrong[0] if len(wrong) == 1 else None
        super().__init__(
            f"{only.subject}: {only.found}; nothing was built" if only else f"{len(wrong)} faults; nothing was built",
            hint=only.mend if only else "fix all problems, then check with `bakec doctor`",
            problems=() if only else [Problem(check.subject, 0, "", check.found, check.mend) for check in wrong],
        )
        self.checks = tuple(checks)


@dataclass(frozen=True)
class Preflight:
    """The facts and results before a build.

    Attributes:
        machine: the resources of the builder.
        variables: the values of the bake file's variables, with the values from the git checkout.
        made: image → its inputs.
        bases: the digests of base images.
        checks: the results, in the order of the checks.
    """

    machine: Machine
    variables: Mapping[str, str]
    made: Mapping[str, MadeFrom]
    bases: LookedUp
    checks: tuple[CheckResult, ...]

    def refuse(self) -> None:
        """Raise an error if a result is bad.

        Raises:
            ModelError: only the bake file is bad: it differs from the models.
            UnfitError: another result is bad.
        """
        wrong = [check for check in self.checks if check.state is CheckState.BAD]
        if wrong and all(check.subject == BAKE_FILE for check in wrong):
            raise ModelError(wrong[0].found, hint=f"run `{wrong[0].mend}`")
        if wrong:
            raise UnfitError(self.checks)
