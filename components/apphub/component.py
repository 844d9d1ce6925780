"""The package hub: SLURM packages of its own architecture in an apt repository behind nginx."""

from bake_compiler import Component, Image

component = Component(
    phase="foundation",
    images=[
        Image(
            name="apphub",
            description="Package hub: an apt repository of SLURM for its own architecture",
            smoke=("sh", "-c", ". /srv/apt/machine && ls /srv/apt/slurmctld_*_$arch.deb && nginx -v 2>&1 && uname -m"),
        ),
    ],
)
