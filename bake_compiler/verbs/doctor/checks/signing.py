"""cosign is installed, and has the key for signing."""

from bake_compiler.errors import PreflightError
from bake_compiler.verbs.doctor.facts import Facts
from bake_compiler.verbs.doctor.result import CheckResult, bad, good

_SUBJECT = "cosign"


async def check_signing(facts: Facts) -> tuple[CheckResult, ...]:
    """Whether cosign can sign. Empty if the build signs nothing."""
    if not facts.build.cosign:
        return ()
    try:
        await facts.build.cosign.check()
    except PreflightError as error:
        return (bad(_SUBJECT, error.message, error.hint),)
    return (good(_SUBJECT, "it has a key"),)
