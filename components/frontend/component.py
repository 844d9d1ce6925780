"""The web page: built once on the build platform, the same for every architecture."""

from bake_compiler import Component, Image

component = Component(
    phase="dependent",
    args={"TITLE": "ai-infra"},
    images=[
        Image(
            name="frontend",
            description="Web page served by nginx",
            smoke=("sh", "-c", "grep -q ai-infra /srv/www/index.html && nginx -v 2>&1 && uname -m"),
        ),
    ],
)
