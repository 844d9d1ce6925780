"""The configuration master and its API."""

from bake_compiler import Component, Image

component = Component(
    phase="foundation",
    args={"SALT": "3008.5"},
    images=[
        Image(
            name="saltstack",
            description="Configuration master and API",
            smoke=("sh", "-c", "salt-master --version && salt-call --local test.ping && uname -m"),
        ),
    ],
)
