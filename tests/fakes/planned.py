"""Planned images with nothing in them but what a test is about."""

from bake_compiler.model import Var
from bake_compiler.oci.platform import Platform
from bake_compiler.plan import PlannedImage, PlannedTarget
from bake_compiler.plan.attributes import Attributes


def planned(name: str, *needs: str, platforms: str = "amd64,arm64") -> PlannedImage:
    """An image that is its own component and repository."""
    contexts = {need: f"target:{need}" for need in needs}
    attributes: Attributes = {"context": ".", "dockerfile": "Dockerfile", "contexts": contexts, "tags": ()}
    return PlannedImage(
        name=name,
        component=name,
        phase="first",
        variant="",
        description="",
        repository=name,
        tags=(Var("TAG"),),
        block=PlannedTarget(name, "", ("_common",), attributes),
        matrix={},
        attributes=attributes,
        needs=needs,
        platforms=tuple(Platform.parse(platform) for platform in platforms.split(",")),
        only_reason="",
        smoke=(),
    )
