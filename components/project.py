"""The reference stack: an AI-infrastructure platform of 12 components and 13 images."""

from bake_compiler import Phase, Project

project = Project(
    name="ai-infra",
    registry="127.0.0.1:5000",
    repository="ai-infra-{image}",
    tag="v0.3.8",
    platforms=("linux/amd64", "linux/arm64"),
    phases=(
        Phase(name="dependencies", description="external images, mirrored"),
        Phase(name="foundation", description="what the others are built from or stand behind"),
        Phase(name="dependent", description="the platform's own services"),
    ),
)
