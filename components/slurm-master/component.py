"""The SLURM controller, from the packages that apphub holds for its architecture."""

from bake_compiler import Component, Image

component = Component(
    phase="dependent",
    needs=["apphub"],
    images=[
        Image(
            name="slurm-master",
            description="SLURM controller",
            smoke=("sh", "-c", "slurmctld -V && sinfo -V && uname -m"),
        ),
    ],
)
