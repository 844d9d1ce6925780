"""buildx is installed, and new enough."""

from bake_compiler.buildx.said import Said
from bake_compiler.buildx.tools import OLDEST_BUILDX
from bake_compiler.verbs.doctor.facts import Facts
from bake_compiler.verbs.doctor.result import CheckResult, bad, good


async def check_buildx(facts: Facts) -> tuple[CheckResult, ...]:
    """Whether buildx can read the bake file."""
    return (judge_buildx(await facts.said, max(OLDEST_BUILDX, facts.build.plan.oldest_buildx)),)


def judge_buildx(said: Said, oldest: tuple[int, int] = OLDEST_BUILDX) -> CheckResult:
    """Return whether buildx is installed, and new enough.

    Args:
        said: the answers of docker and buildx.
        oldest: the oldest version that can read the bake file.
    """
    wanted = ".".join(map(str, oldest))
    install = f"install the docker-buildx plugin, {wanted} or newer"
    if not said.buildx:
        return bad("buildx", said.version.trouble or "docker has no buildx", install)
    found = ".".join(map(str, said.buildx))
    return bad("buildx", f"{found} is older than {wanted}", install) if said.buildx < oldest else good("buildx", found)
