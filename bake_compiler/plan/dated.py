"""Which images take the commit's time into their steps; all others get it on the finished image alone.

Source: buildx, bake/bake.go (`defaultTarget` gives every target SOURCE_DATE_EPOCH of the environment as an argument);
BuildKit, dockerfile2llb/convert.go (`dispatchWorkdir` writes the folder with that time, so that what follows runs anew
for each commit).
"""

from collections.abc import Mapping

from bake_compiler.dockerfile import Dockerfile
from bake_compiler.plan.attributes import merge
from bake_compiler.plan.parsed import OWN_FRONTEND, parsed
from bake_compiler.plan.paths import URL, inside
from bake_compiler.plan.plan import Plan, PlannedImage

EPOCH = "SOURCE_DATE_EPOCH"
_FRONTEND = "BUILDKIT_SYNTAX"


def gives_epoch(plan: Plan, image: PlannedImage) -> bool:
    """Whether an image's models give it SOURCE_DATE_EPOCH as an argument of their own, or may do so."""
    args = merge(plan.common.attributes, image.attributes).get("args", {})
    return not isinstance(args, Mapping) or EPOCH in args


def takes_epoch(plan: Plan, image: PlannedImage, dockerfiles: Mapping[str, str]) -> bool:
    """Whether an image's models or Dockerfile name SOURCE_DATE_EPOCH; yes too where bakec can't read that.

    The whole text counts, and not the stages that are built: which those are, and what an ONBUILD does in another
    image, is not always known.
    """
    args = merge(plan.common.attributes, image.attributes).get("args", {})
    if not isinstance(args, Mapping) or EPOCH in args or _FRONTEND in args:
        return True
    context, inline = image.text("context"), image.text("dockerfile-inline")
    is_here = context is not None and URL not in context
    text = inline or (dockerfiles.get(inside(context or "", image.text("dockerfile") or "")) if is_here else None)
    if text is None or EPOCH in text:
        return True
    dockerfile = parsed(text)
    return not (isinstance(dockerfile, Dockerfile) and OWN_FRONTEND.match(dockerfile.syntax))
