"""The memory of the builder's machines is enough for the images that are built at the same time."""

from bake_compiler import schedule
from bake_compiler.buildx.said import Machine
from bake_compiler.verbs.doctor.facts import Facts
from bake_compiler.verbs.doctor.result import CheckResult, good, note, unknown


async def check_memory(facts: Facts) -> tuple[CheckResult, ...]:
    """Whether the images that are built at the same time fit into memory."""
    machine = await facts.machine()
    slots = facts.build.slots or schedule.default_slots(machine.nodes, machine.cores, machine.memory)
    return (judge_memory(machine, slots, schedule.MEMORY_FOR_ONE),)


def judge_memory(machine: Machine, slots: int, each: int) -> CheckResult:
    """Compare memory with the images that are built at the same time. Too little memory makes a build slow, then fail.

    Args:
        machine: the builder's resources.
        slots: how many images are built at the same time.
        each: the estimated bytes that one image needs.
    """
    if not machine.memory:
        return unknown("memory", "the builder does not tell how much it has")
    fitting = max(1, machine.nodes * machine.memory // each)
    nodes = f"{machine.nodes} x " if machine.nodes > 1 else ""
    found = f"{nodes}{machine.memory / 1e9:.1f} GB, for {slots} images at once"
    return (
        note("memory", f"{found}, of which {fitting} fit", f"-j {fitting}")
        if slots > fitting
        else good("memory", found)
    )
