"""Monitoring; upstream publishes it only as an image."""

from bake_compiler import Component, Image

component = Component(
    phase="dependent",
    images=[
        Image(
            name="nightingale",
            description="Monitoring with the configuration of the platform",
            smoke=("sh", "-c", "test -x /app/n9e && test -s /app/etc/config.toml && uname -m"),
        ),
    ],
)
