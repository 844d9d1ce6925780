"""Makes the plan from the models: every image, group and variable, before any HCL."""

from bake_compiler.model.project import Project, Stack
from bake_compiler.model.texts import platforms_of
from bake_compiler.model.values import Split
from bake_compiler.oci.architecture import suffix_of
from bake_compiler.plan.abstracts import plan_abstracts
from bake_compiler.plan.attributes import Attributes, merge, settings_attributes, without_repeats, written_order
from bake_compiler.plan.externals import plan_externals
from bake_compiler.plan.groups import default_targets, plan_groups
from bake_compiler.plan.images import plan_images
from bake_compiler.plan.labels import shared_labels
from bake_compiler.plan.plan import (
    COMMON,
    Cell,
    Exclusion,
    Plan,
    PlannedExternal,
    PlannedGroup,
    PlannedImage,
    PlannedTarget,
    Wanted,
)
from bake_compiler.plan.select import select
from bake_compiler.plan.variables import plan_variables

__all__ = [
    "Cell",
    "Exclusion",
    "Plan",
    "PlannedExternal",
    "PlannedGroup",
    "PlannedImage",
    "PlannedTarget",
    "Wanted",
    "make_plan",
    "select",
]


def make_plan(stack: Stack) -> Plan:
    """Return the plan of a stack. The order of declarations does not matter.

    `check_all` finds the mistakes in the models.
    """
    project = stack.project
    abstracts, parents = plan_abstracts(project)
    images = plan_images(stack, parents)
    groups = plan_groups(project, images)
    return Plan(
        name=project.name,
        variables=plan_variables(project),
        functions=tuple(sorted(project.functions, key=lambda function: function.name)),
        oldest_buildx=project.oldest_buildx,
        platforms=tuple(sorted(platforms_of(project.platforms))),
        phases=tuple(phase.name for phase in project.phases),
        gates=frozenset(phase.name for phase in project.phases if phase.gate),
        default=default_targets(project, groups, images),
        groups=groups,
        common=_common(project),
        abstracts=abstracts,
        images=images,
        protect=_protected(project),
        external=plan_externals(project),
        mirrors=dict(sorted(project.mirrors.items())),
        builder=project.builder,
    )


def _protected(project: Project) -> tuple[str, ...]:
    """Return the patterns of protected tags.

    With architecture_tags, each pattern also protects the tags of single platforms.
    """
    platforms = sorted(platforms_of(project.platforms)) if project.architecture_tags else []
    return tuple(f"{pattern}{end}" for end in ("", *map(suffix_of, platforms)) for pattern in project.protect)


def _common(project: Project) -> PlannedTarget:
    """Return the abstract target that all images share: the project's settings on top of bakec's own."""
    own: Attributes = {
        "platforms": Split("PLATFORMS"),
        "attest": ("type=provenance,mode=min",),
        "labels": shared_labels(project.source_url),
    }
    attributes = without_repeats(merge(own, settings_attributes(project, ".")), {})
    return PlannedTarget(COMMON, "What all images share.", (), written_order(attributes))
