"""A node to reach over SSH."""

from bake_compiler import Component, Image

component = Component(
    phase="dependent",
    images=[
        Image(
            name="test-containers",
            description="SSH test node",
            smoke=("sh", "-c", "sshd -V 2>&1; ! ls /etc/ssh/ssh_host_* 2>/dev/null && uname -m"),
        ),
    ],
)
