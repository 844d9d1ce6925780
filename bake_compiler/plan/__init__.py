"""Models → plan: what every image, group and run is, before HCL exists."""

from bake_compiler.model import Stack
from bake_compiler.plan.check import check_stack
from bake_compiler.plan.groups import plan_groups
from bake_compiler.plan.images import plan_images
from bake_compiler.plan.plan import Cell, Exclusion, Plan, PlannedGroup, PlannedImage, Wanted
from bake_compiler.plan.select import select

__all__ = [
    "Cell",
    "Exclusion",
    "Plan",
    "PlannedGroup",
    "PlannedImage",
    "Wanted",
    "check_stack",
    "make_plan",
    "select",
]


def make_plan(stack: Stack) -> Plan:
    """The plan of a stack that `check_stack` found no mistake in; the order of declaration does not matter."""
    project = stack.project
    images = plan_images(stack)
    return Plan(
        name=project.name,
        registry=project.registry.rstrip("/"),
        tag=project.tag,
        platforms=tuple(sorted(set(project.platforms))),
        source_url=project.source_url,
        labels=dict(sorted(project.labels.items())),
        phases=tuple(phase.name for phase in project.phases),
        groups=plan_groups(project.phases, images),
        images=images,
    )
