"""bakec doctor, and the preflight of every build: makes all checks at the same time."""

from collections.abc import Coroutine, Mapping
from typing import Any

from bake_compiler.system.tasks import together
from bake_compiler.verbs.doctor.checks import CHECKS, DOCTOR_CHECKS, WITHOUT_PREFLIGHT, DoctorCheck
from bake_compiler.verbs.doctor.facts import Facts, PlannedBuild
from bake_compiler.verbs.doctor.result import CheckResult, Preflight


async def examine(
    build: PlannedBuild, variables: Coroutine[Any, Any, Mapping[str, str]], *, preflight: bool = True
) -> Preflight:
    """Return everything that a build needs to know, with the results of all checks.

    Args:
        build: the build to check.
        variables: a coroutine for the values of the bake file's variables; it may ask git.
        preflight: whether to make all checks; otherwise only the check of the bake file.
    """
    return await _examine(build, variables, CHECKS if preflight else WITHOUT_PREFLIGHT)


async def look(build: PlannedBuild) -> tuple[CheckResult, ...]:
    """Return the results of every check, with the checks that only doctor makes because they end no build."""
    return (await _examine(build, _no_variables(), DOCTOR_CHECKS)).checks


async def _examine(
    build: PlannedBuild, variables: Coroutine[Any, Any, Mapping[str, str]], checks: tuple[DoctorCheck, ...]
) -> Preflight:
    """Run all checks at the same time. Each check waits for the facts that it needs."""
    async with together() as group:
        facts = Facts(build, group, variables)
        found = [group.create_task(check(facts)) for check in checks]
        values, machine, made, bases = await facts.values, await facts.machine(), await facts.made, await facts.bases
    return Preflight(machine, values, made, bases, tuple(each for task in found for each in task.result()))


async def _no_variables() -> Mapping[str, str]:
    return {}
