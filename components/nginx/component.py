"""The entry proxy: TLS in front of every service."""

from bake_compiler import Component, Image

component = Component(
    phase="foundation",
    images=[
        Image(
            name="nginx",
            description="Entry proxy with TLS",
            smoke=("sh", "-c", "nginx -V 2>&1 | head -n 1 && uname -m"),
        ),
    ],
)
