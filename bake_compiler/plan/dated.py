"""Which images use the commit's time in their steps. All others get the time only on the finished image.

Source: buildx, bake/bake.go (`defaultTarget` gives every target SOURCE_DATE_EPOCH of the environment as an argument).
BuildKit, dockerfile2llb/convert.go (`dispatchWorkdir` writes the folder with that time, so the steps after it run again
for each commit).
"""

from collections.abc import Mapping

from bake_compiler.dockerfile import Dockerfile
from bake_compiler.plan.attributes import merge
from bake_compiler.plan.emulation import dockerfile_of
from bake_compiler.plan.parsed import OWN_FRONTEND, parsed
from bake_compiler.plan.plan import Plan, PlannedImage

EPOCH = "SOURCE_DATE_EPOCH"
_FRONTEND = "BUILDKIT_SYNTAX"


def gives_epoch(plan: Plan, image: PlannedImage) -> bool:
    """Whether an image's models give it SOURCE_DATE_EPOCH as an argument of its own, or may do so."""
    return _gives(plan, image, EPOCH)


def takes_epoch(plan: Plan, image: PlannedImage, dockerfiles: Mapping[str, str]) -> bool:
    """Whether an image's models or Dockerfile name SOURCE_DATE_EPOCH. Also true if bakec can't read the Dockerfile.

    The whole text counts, not only the stages that are built. bakec does not always know these stages, or what an
    ONBUILD
    does in another image.
    """
    _, text = dockerfile_of(image, dockerfiles)
    if text is None or EPOCH in text or gives_epoch(plan, image) or _gives(plan, image, _FRONTEND):
        return True
    dockerfile = parsed(text)
    return not (isinstance(dockerfile, Dockerfile) and OWN_FRONTEND.match(dockerfile.syntax))


def _gives(plan: Plan, image: PlannedImage, name: str) -> bool:
    args = merge(plan.common.attributes, image.attributes).get("args", {})
    return not isinstance(args, Mapping) or name in args
