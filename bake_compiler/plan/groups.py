"""Makes the bake groups: for each phase, each component with several images, each variant, and the author's own."""

from collections.abc import Iterator, Sequence

from bake_compiler.model.project import Group, Project
from bake_compiler.plan.plan import PlannedGroup, PlannedImage

DEFAULT_GROUP = "default"


def plan_groups(project: Project, images: Sequence[PlannedImage]) -> tuple[PlannedGroup, ...]:
    """Return the groups in the order in which they are written. A phase without images has no group."""
    plain = [image for image in images if not image.variant]
    return (
        *_phase_groups(project, plain),
        *_component_groups(plain),
        *_variant_groups(project, images),
        *(PlannedGroup(group.name, group.description, tuple(group.members)) for group in _by_name(project)),
    )


def default_targets(
    project: Project, groups: Sequence[PlannedGroup], images: Sequence[PlannedImage]
) -> tuple[str, ...]:
    """The members of bake's default group: the phases, or every image if there is no group of a phase."""
    phases = {phase.name for phase in project.phases}
    found = tuple(group.name for group in groups if group.name in phases)
    return found or tuple(image.name for image in images if not image.variant)


def component_group(component: str, images: Sequence[str]) -> str:
    """The name of a component's group: the component's name, unless an image has the same name.

    If a name is both a group and a target, bake uses the group and then removes the target from it
    (buildx bake/bake.go, `Config.group`).
    """
    return f"{component}-all" if component in images else component


def _phase_groups(project: Project, images: Sequence[PlannedImage]) -> Iterator[PlannedGroup]:
    members: dict[str, list[str]] = {}
    for image in images:
        members.setdefault(image.phase, []).append(image.name)
    for phase in project.phases:
        if phase.name in members:
            yield PlannedGroup(phase.name, phase.description, tuple(members[phase.name]))


def _component_groups(images: Sequence[PlannedImage]) -> Iterator[PlannedGroup]:
    members: dict[str, list[PlannedImage]] = {}
    for image in images:
        members.setdefault(image.component, []).append(image)
    for component, found in sorted(members.items()):
        if len(found) > 1:
            name = component_group(component, [image.block.name for image in found])
            yield PlannedGroup(name, f"all images of {component}", tuple(image.name for image in found))


def _variant_groups(project: Project, images: Sequence[PlannedImage]) -> Iterator[PlannedGroup]:
    for variant in sorted(project.variants, key=lambda variant: variant.name):
        members = tuple(image.name for image in images if image.variant == variant.name)
        if members:
            yield PlannedGroup(variant.name, variant.description, members)


def _by_name(project: Project) -> Iterator[Group]:
    yield from sorted(project.groups, key=lambda group: group.name)
