"""The Git server, configured; upstream publishes it only as an image."""

from bake_compiler import Component, Image

component = Component(
    phase="foundation",
    images=[
        Image(
            name="gitea",
            description="Git server with the configuration of the platform",
            smoke=("sh", "-c", "gitea --version && uname -m"),
        ),
    ],
)
