"""What of the Dockerfiles is for one platform whatever is built, and contexts that none takes. It ends no build."""

from collections.abc import Sequence

from bake_compiler.errors import Problem
from bake_compiler.verbs.doctor.checks.check import Check, good, note, unknown

_SUBJECT = "Dockerfiles"


def check_dockerfiles(warnings: Sequence[Problem], unread: Sequence[str]) -> tuple[Check, ...]:
    """Each warning of what is to be built.

    Args:
        warnings: of the plan.
        unread: the images whose Dockerfile bakec can't read.
    """
    notes = [note(_SUBJECT, str(problem), problem.hint) for problem in warnings]
    if unread:
        notes.append(unknown(_SUBJECT, f"none that bakec reads: of {', '.join(unread)}"))
    return tuple(notes) or (good(_SUBJECT, "nothing in them is for one platform alone, or it is meant"),)
