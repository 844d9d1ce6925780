"""A hub that only one platform has."""

from bake_compiler import Component, Image, Only

component = Component(
    phase="zero",
    relative_to="project",
    context=".",
    dockerfile="components/hub/Dockerfile",
    platforms=Only(platforms=("amd64",), reason="the vendor has\nno arm64"),
    images=[Image(name="hub", description="a hub\nof ${everything}", smoke=("uname", "-m"))],
)
