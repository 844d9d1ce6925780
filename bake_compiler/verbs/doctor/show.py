"""What `bakec doctor` found, as JSON and as text."""

from collections.abc import Sequence
from typing import Literal

from typing_extensions import TypedDict

from bake_compiler.verbs.doctor.result import CheckResult, CheckState


class CheckDocument(TypedDict):
    """One thing that a build needs."""

    subject: str
    """What bakec checked, such as `buildx`, `linux/arm64` or `registry ghcr.io`."""
    state: CheckState
    """`ok`; `note`: a build may succeed; `bad`: a build would fail; `unknown`: bakec could not check it."""
    found: str
    """What bakec found, in a few words."""
    mend: str
    """The command or the advice that fixes the problem; empty if there is no problem."""


class DoctorDocument(TypedDict):
    """The results of all checks."""

    schema: Literal["bakec.doctor/1"]
    good: bool
    """Whether no check is bad."""
    checks: list[CheckDocument]
    """Everything that bakec checked."""


def is_good(checks: Sequence[CheckResult]) -> bool:
    """Whether no result is bad."""
    return not any(check.state is CheckState.BAD for check in checks)


def doctor_document(checks: Sequence[CheckResult]) -> DoctorDocument:
    """Return the results as plain dicts and lists."""
    return {
        "schema": "bakec.doctor/1",
        "good": is_good(checks),
        "checks": [
            {"subject": check.subject, "state": check.state, "found": check.found, "mend": check.mend}
            for check in checks
        ],
    }


def render_doctor(checks: Sequence[CheckResult]) -> str:
    """Return the results as a person reads them: a line for each check, and below each problem how to fix it."""
    width = max(len(check.subject) for check in checks)
    lines: list[str] = []
    for check in checks:
        lines.append(f"{check.state:<8} {check.subject:<{width}}  {check.found}")
        if check.mend:
            lines.append(f"{'':{9 + width}}   hint: {check.mend}")
    return "".join(f"{line}\n" for line in lines)
