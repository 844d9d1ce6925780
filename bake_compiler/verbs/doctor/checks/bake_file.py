"""The committed bake file is the same as the models say."""

from bake_compiler.bakefile.blocks import BAKE_FILE
from bake_compiler.errors import ModelError
from bake_compiler.verbs.compile.run import refuse_stale
from bake_compiler.verbs.doctor.facts import Facts
from bake_compiler.verbs.doctor.result import CheckResult, bad, good


async def check_bake_file(facts: Facts) -> tuple[CheckResult, ...]:
    """Whether the committed bake file is up to date."""
    build = facts.build
    try:
        refuse_stale(build.root, build.plan, build.wanted.images)
    except ModelError as error:
        return (bad(BAKE_FILE, "; ".join(map(str, error.problems)) or error.message, "bakec compile"),)
    return (good(BAKE_FILE, "is what the models say"),)
