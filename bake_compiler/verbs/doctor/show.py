"""What `bakec doctor` found, as JSON and as text."""

import json
from collections.abc import Sequence
from typing import Any

from bake_compiler.verbs.doctor.result import CheckResult, CheckState


def is_good(checks: Sequence[CheckResult]) -> bool:
    """Whether nothing is bad."""
    return not any(check.state is CheckState.BAD for check in checks)


def doctor_json(checks: Sequence[CheckResult]) -> str:
    """What a program reads."""
    return f"{json.dumps(doctor_document(checks), indent=2, ensure_ascii=False)}\n"


def doctor_document(checks: Sequence[CheckResult]) -> dict[str, Any]:
    """The checks as plain dicts and lists."""
    return {
        "schema": "bakec.doctor/1",
        "good": is_good(checks),
        "checks": [
            {"subject": check.subject, "state": str(check.state), "found": check.found, "mend": check.mend}
            for check in checks
        ],
    }


def render_doctor(checks: Sequence[CheckResult]) -> str:
    """What a person reads: each check in a line, and below what is wrong what mends it."""
    width = max(len(check.subject) for check in checks)
    lines: list[str] = []
    for check in checks:
        lines.append(f"{check.state:<8} {check.subject:<{width}}  {check.found}")
        if check.mend:
            lines.append(f"{'':{9 + width}}   hint: {check.mend}")
    return "".join(f"{line}\n" for line in lines)
