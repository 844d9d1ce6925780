"""The notebook server of one user."""

from bake_compiler import Component, Image

component = Component(
    phase="dependent",
    args={"JUPYTERLAB": "4.4.10"},
    images=[
        Image(
            name="singleuser",
            description="JupyterLab for one user",
            smoke=("sh", "-c", "python3 -m jupyterlab --version && uname -m"),
        ),
    ],
)
