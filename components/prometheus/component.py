"""Metrics of all services."""

from bake_compiler import Component, Image

component = Component(
    phase="dependent",
    images=[
        Image(
            name="prometheus",
            description="Metrics server",
            smoke=("sh", "-c", "prometheus --version 2>&1 && uname -m"),
        ),
    ],
)
