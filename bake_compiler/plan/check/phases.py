"""No image needs an image of a later phase."""

from collections.abc import Iterator

from bake_compiler.model.base import Mistake
from bake_compiler.plan.check.subject import PlanSubject, at_need


def check_phases(subject: PlanSubject) -> Iterator[Mistake]:
    """Yield images that need an image of a later phase."""
    plan = subject.plan
    order = {phase: number for number, phase in enumerate(plan.phases)}
    for image in plan.images:
        for need in image.needs:
            needed = plan.by_name.get(need)
            if needed and order.get(needed.phase, 0) > order.get(image.phase, len(order)):
                message = f"{image.name} of phase {image.phase} needs {need} of the later phase {needed.phase}"
                yield at_need(image, need, message, "move one of them, or change the order of the phases")
