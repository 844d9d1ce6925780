"""Synthetic projects on disk: as many images as asked for, of the shape that a large team has."""

from pathlib import Path

PROJECT = """\
from bake_compiler import Phase, Project

project = Project(
    name="synthetic",
    registry="registry.example/team",
    tag="1.0",
    platforms=("linux/amd64", "linux/arm64"),
    phases=tuple(Phase(name=f"phase{number}") for number in range(5)),
)
"""

COMPONENT = """\
from bake_compiler import Component, Image

component = Component(
    phase="phase{phase}",
    args={{"VERSION": "1.{number}"}},
    images=[
        Image(
            name=f"c{number}-i{{index}}",
            description=f"image {{index}} of component {number}",
            stage=f"s{{index}}",
            needs=[{needs}],
            labels={{"index": str(index)}},
        )
        for index in range({images})
    ],
)
"""

STAGE = """
FROM base AS s{index}
ARG VERSION
COPY app/ /app
RUN make -C /app VERSION=$VERSION STAGE={index}
"""


def write_stack(root: Path, images: int, per_component: int = 10) -> Path:
    """A project with so many images in five phases; each needs one image of an earlier component."""
    (root / "components").mkdir(parents=True)
    (root / "components/project.py").write_text(PROJECT)
    components = max(1, images // per_component)
    count = images // components
    dockerfile = "FROM debian:stable AS base\n" + "".join(STAGE.format(index=index) for index in range(count))
    for number in range(components):
        folder = root / f"components/c{number}"
        (folder / "app").mkdir(parents=True)
        needs = f'"c{number // 10}-i0"' if number else ""
        phase = min(4, number * 5 // components)
        (folder / "component.py").write_text(COMPONENT.format(number=number, phase=phase, needs=needs, images=count))
        (folder / "Dockerfile").write_text(f"# component {number}\n{dockerfile}")
    return root
