"""The notebook hub."""

from bake_compiler import Component, Image

component = Component(
    phase="dependent",
    images=[
        Image(
            name="jupyterhub",
            description="Notebook hub with its proxy",
            smoke=("sh", "-c", "jupyterhub --version && configurable-http-proxy --version && uname -m"),
        ),
    ],
)
