"""The builder in use is the builder that the project describes."""

from bake_compiler.errors import BakecError
from bake_compiler.system.environment import BUILDX_BUILDER
from bake_compiler.verbs.builder import builder_difference
from bake_compiler.verbs.doctor.facts import Facts
from bake_compiler.verbs.doctor.result import CheckResult, good, note, unknown

_SUBJECT = "described builder"
_SHOWN = 4


async def check_described_builder(facts: Facts) -> tuple[CheckResult, ...]:
    """Whether the builder in use is the builder that the project describes.

    Empty if the project describes no builder.
    """
    builder, edges = facts.build.plan.builder, facts.build.edges
    if builder is None or not (await facts.said).builder.driver:
        return ()
    try:
        return (
            judge_described(builder.name, edges.env.get(BUILDX_BUILDER, ""), builder_difference(edges.tools, builder)),
        )
    except BakecError as error:
        return (unknown(_SUBJECT, error.message, error.hint),)


def judge_described(name: str, in_use: str, diff: str) -> CheckResult:
    """Return a note if another builder is in use. A build may succeed, but with other mirrors, certificates and nodes.

    Args:
        name: the name of the described builder.
        in_use: the value of BUILDX_BUILDER.
        diff: from buildx's builder to the described builder.
    """
    if in_use != name:
        return note(_SUBJECT, f"{in_use} is in use, as BUILDX_BUILDER says, and not {name}", "unset BUILDX_BUILDER")
    changed = [f"{line[0]} {line[1:].strip()}" for line in diff.splitlines()[2:] if line[0] != " "]
    if not changed:
        return good(_SUBJECT, f"{name} is as the project describes it")
    more = [f"{len(changed) - _SHOWN} more"] * (len(changed) > _SHOWN)
    found = f"{name} is not as the project describes it: {'; '.join([*changed[:_SHOWN], *more])}"
    return note(_SUBJECT, found, "bakec builder up")
