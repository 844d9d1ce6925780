"""bakec doctor, and the preflight of every build: everything that a build needs, looked at at once."""

from collections.abc import Coroutine, Mapping
from typing import Any

from bake_compiler.system.tasks import together
from bake_compiler.verbs.doctor.checks import CHECKS, DOCTOR_CHECKS, WITHOUT_PREFLIGHT, DoctorCheck
from bake_compiler.verbs.doctor.facts import Facts, PlannedBuild
from bake_compiler.verbs.doctor.result import CheckResult, Preflight


async def examine(
    build: PlannedBuild, variables: Coroutine[Any, Any, Mapping[str, str]], *, preflight: bool = True
) -> Preflight:
    """Find out what a build needs to know, and check everything that it needs.

    Args:
        build: what would be built.
        variables: the values of the bake file's variables; git may have to be asked for some.
        preflight: make all checks; otherwise only the check of the bake file.
    """
    return await _examine(build, variables, CHECKS if preflight else WITHOUT_PREFLIGHT)


async def look(build: PlannedBuild) -> tuple[CheckResult, ...]:
    """Every check of what such a build would need, and the checks that end no build: doctor alone makes them."""
    return (await _examine(build, _no_variables(), DOCTOR_CHECKS)).checks


async def _examine(
    build: PlannedBuild, variables: Coroutine[Any, Any, Mapping[str, str]], checks: tuple[DoctorCheck, ...]
) -> Preflight:
    """All checks run at once; each waits for the facts that it needs, and each fact is asked for once."""
    async with together() as group:
        facts = Facts(build, group, variables)
        found = [group.create_task(check(facts)) for check in checks]
        values, machine, made, bases = await facts.values, await facts.machine(), await facts.made, await facts.bases
    return Preflight(machine, values, made, bases, tuple(each for task in found for each in task.result()))


async def _no_variables() -> Mapping[str, str]:
    return {}
