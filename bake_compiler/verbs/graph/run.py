"""The graph of the selected images, from the plan."""

from bake_compiler.graph import Graph, GraphImage, GraphPhase
from bake_compiler.plan import Plan, Wanted


def to_graph(plan: Plan, wanted: Wanted) -> Graph:
    """Return the graph of the selected images by phase, in the plan's order."""
    return Graph(
        plan.name,
        tuple(
            GraphPhase(
                phase,
                next((group.description for group in plan.groups if group.name == phase), ""),
                tuple(
                    GraphImage(image.name, image.description, tuple(map(str, image.platforms)), image.needs)
                    for image in wanted.images
                    if image.phase == phase
                ),
            )
            for phase in plan.phases
        ),
    )
