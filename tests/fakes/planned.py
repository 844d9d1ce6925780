"""Planned images with nothing in them but what a test is about."""

from bake_compiler.oci import Platform
from bake_compiler.plan import PlannedImage


def planned(name: str, *needs: str, platforms: str = "amd64,arm64") -> PlannedImage:
    """An image that is its own component and repository."""
    return PlannedImage(
        name=name,
        component=name,
        phase="first",
        description="",
        repository=name,
        context=".",
        dockerfile="Dockerfile",
        stage=None,
        args={},
        labels={},
        contexts={need: f"target:{need}" for need in needs},
        needs=needs,
        platforms=tuple(Platform.parse(platform) for platform in platforms.split(",")),
        only_reason="",
        smoke=(),
    )
