"""The notebook server of one user."""

from bake_compiler import Component, Image

component = Component(
    phase="dependent",
    images=[
        Image(
            name="singleuser",
            description="JupyterLab for one user",
            smoke=("sh", "-c", "jupyter-lab --version && uname -m"),
        ),
    ],
)
