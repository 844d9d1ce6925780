"""Parts of Dockerfiles that are fixed to one platform, and contexts that no Dockerfile uses. They end no build."""

from collections.abc import Sequence
from dataclasses import replace

from bake_compiler.errors import Problem
from bake_compiler.plan.check import warn_all
from bake_compiler.plan.emulation import source_of
from bake_compiler.project.loader import problems_of, read_inputs
from bake_compiler.verbs.doctor.facts import Facts
from bake_compiler.verbs.doctor.result import CheckResult, good, note, unknown

_SUBJECT = "Dockerfiles"


async def check_dockerfiles(facts: Facts) -> tuple[CheckResult, ...]:
    """Return each warning about the Dockerfiles of the images."""
    build = facts.build
    part = replace(build.plan, images=tuple(build.images))
    inputs, _ = read_inputs(build.root, part)
    unread = [image.name for image in part.images if source_of(part, image, inputs.dockerfiles) is None]
    return judge_dockerfiles(problems_of(build.root, warn_all(part, inputs)), unread)


def judge_dockerfiles(warnings: Sequence[Problem], unread: Sequence[str]) -> tuple[CheckResult, ...]:
    """Return each warning about the images.

    Args:
        warnings: the plan's warnings.
        unread: the images whose Dockerfile bakec can't read.
    """
    notes = [note(_SUBJECT, str(problem), problem.hint) for problem in warnings]
    if unread:
        notes.append(unknown(_SUBJECT, f"none that bakec reads: of {', '.join(unread)}"))
    return tuple(notes) or (good(_SUBJECT, "nothing in them is for one platform alone, or it is meant"),)
