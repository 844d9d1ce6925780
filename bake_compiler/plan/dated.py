"""Which images take the commit's time into their steps; all others get it on the finished image alone.

Source: buildx, bake/bake.go (`defaultTarget` gives every target SOURCE_DATE_EPOCH of the environment as an argument);
BuildKit, dockerfile2llb/convert.go (`dispatchWorkdir` writes the folder with that time, so that what follows runs anew
for each commit).
"""

from collections.abc import Mapping

from bake_compiler.dockerfile import declared_args
from bake_compiler.plan.attributes import merge
from bake_compiler.plan.emulation import source_of
from bake_compiler.plan.plan import Plan, PlannedImage

EPOCH = "SOURCE_DATE_EPOCH"


def takes_epoch(plan: Plan, image: PlannedImage, dockerfiles: Mapping[str, str]) -> bool:
    """Whether an image's models or Dockerfile ask for SOURCE_DATE_EPOCH; yes too where bakec can't read that."""
    args = merge(plan.common.attributes, image.attributes).get("args", {})
    if not isinstance(args, Mapping) or EPOCH in args:
        return True
    read = source_of(plan, image, dockerfiles)
    return read is None or EPOCH in declared_args(read.dockerfile, read.target, read.args)
