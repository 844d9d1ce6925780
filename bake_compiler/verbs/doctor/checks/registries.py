"""Each registry answers with a trusted certificate, accepts pushes, and has the same clock as this machine."""

import asyncio

from bake_compiler.errors import AccessError, RegistryError
from bake_compiler.oci.reference import Reference
from bake_compiler.registry import Registry
from bake_compiler.verbs.doctor.facts import Facts
from bake_compiler.verbs.doctor.result import CheckResult, bad, good, unknown

MOST_SKEW = 300.0  # seconds; tokens are refused if the clocks differ by more


async def check_registries(facts: Facts) -> tuple[CheckResult, ...]:
    """Return a result for each registry that the build would push to. bakec uses the first repository in it."""
    build, first = facts.build, dict[str, Reference]()
    built = (build.wanted.references(image) for image in build.wanted.images if build.push)
    mirrored = (each.references(build.wanted.variables) for each in build.externals)
    for references in (*built, *mirrored):
        for reference in references:
            first.setdefault(reference.registry, reference)
    return tuple(await asyncio.gather(*(judge_registry(build.edges.registry, each) for each in first.values())))


async def judge_registry(registry: Registry, repository: Reference) -> CheckResult:
    """Whether bakec can push to a repository. bakec begins an upload and cancels it."""
    subject = f"registry {repository.registry}"
    try:
        skew = await registry.try_push(repository)
    except AccessError as error:
        return bad(subject, error.message, error.hint or f"docker login {repository.registry}")
    except RegistryError as error:
        return bad(subject, error.message, error.hint or "see that it answers")
    if skew is None:
        return unknown(subject, f"{repository.name} can be pushed to; it does not tell its time")
    if abs(skew) > MOST_SKEW:
        words = f"its clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} this machine's"
        return bad(subject, words, "set the clock of this machine, or the registry's: timedatectl set-ntp true")
    return good(subject, f"{repository.name} can be pushed to")
