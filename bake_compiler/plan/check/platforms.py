"""A needed image has each platform of the image that needs it, and no exception adds a platform."""

from collections.abc import Iterator

from bake_compiler.model.base import Mistake
from bake_compiler.plan.check.subject import PlanSubject, at, at_need
from bake_compiler.plan.features import SUPERSET


def check_platforms(subject: PlanSubject) -> Iterator[Mistake]:
    """Yield platforms that the project does not have, and needs whose platforms do not fit."""
    plan = subject.plan
    allowed = frozenset(plan.platforms)
    sets = {image.name: frozenset(image.platforms) if image.only_reason else allowed for image in plan.images}
    for image in plan.images:
        own = sets[image.name]
        if own is not allowed and (extra := own - allowed):
            names = ", ".join(map(str, sorted(extra)))
            yield at(image, "platforms", f"{names} is not a platform of the project", "add it there, or drop it here")
        for need in image.needs:
            theirs = sets.get(need, own)
            if theirs is own:
                continue
            if lacking := own - theirs:
                names = ", ".join(map(str, sorted(lacking)))
                message = f"{image.name} is built for {names}, but {need}, which it needs, is not"
                yield at_need(image, need, message, f"give {need} the platform, or take it from {image.name}")
            elif plan.oldest_buildx < SUPERSET and (more := theirs - own):
                names = ", ".join(map(str, sorted(more)))
                message = f"{need} is built for {names} too: before buildx 0.20 both must have the same platforms"
                yield at_need(image, need, message, 'write Project(buildx=">=0.20"), or give both the same')
