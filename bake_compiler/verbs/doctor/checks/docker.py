"""dockerd answers, if the builder needs an engine."""

from bake_compiler.buildx.said import Said
from bake_compiler.verbs.doctor.facts import Facts
from bake_compiler.verbs.doctor.result import CheckResult, bad, good, note


async def check_docker(facts: Facts) -> tuple[CheckResult, ...]:
    """Whether the engine answers."""
    return (judge_docker(await facts.said),)


def judge_docker(said: Said) -> CheckResult:
    """Return whether the engine answers, if the builder needs an engine."""
    if said.engine.version:
        return good("docker", said.engine.version)
    found = said.info.refusal or "the engine does not answer"
    if said.builder.facts.in_engine or not said.builder.driver:
        return bad("docker", found, "install Docker, and start it: systemctl start docker")
    return note("docker", f"{found}; the builder, driver {said.builder.driver}, needs none")
