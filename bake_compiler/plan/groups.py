"""Images → bake groups: one a phase, and one for each component with several images."""

from collections.abc import Iterator, Sequence

from bake_compiler.model import Phase
from bake_compiler.plan.plan import PlannedGroup, PlannedImage

DEFAULT_GROUP = "default"


def plan_groups(phases: Sequence[Phase], images: Sequence[PlannedImage]) -> tuple[PlannedGroup, ...]:
    """The groups in the order in which they are written; a phase without images has none."""
    return (*_phase_groups(phases, images), *_component_groups(images))


def component_group(component: str, images: Sequence[str]) -> str:
    """The group's name: the component's, unless an image has it.

    bake resolves a name that is both a group and a target to the group and then drops the target from it
    (buildx bake/bake.go, `Config.group`).
    """
    return f"{component}-all" if component in images else component


def _phase_groups(phases: Sequence[Phase], images: Sequence[PlannedImage]) -> Iterator[PlannedGroup]:
    for phase in phases:
        members = tuple(image.name for image in images if image.phase == phase.name)
        if members:
            yield PlannedGroup(phase.name, phase.description, members)


def _component_groups(images: Sequence[PlannedImage]) -> Iterator[PlannedGroup]:
    members: dict[str, list[str]] = {}
    for image in images:
        members.setdefault(image.component, []).append(image.name)
    for component, names in sorted(members.items()):
        if len(names) > 1:
            yield PlannedGroup(component_group(component, names), f"all images of {component}", tuple(names))
