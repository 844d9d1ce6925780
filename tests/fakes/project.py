"""A project on disk, written file by file, as authors write theirs."""

from collections.abc import Iterable
from pathlib import Path

PROJECT = """\
from bake_compiler import Phase, Project

project = Project(
    name="acme",
    registry="127.0.0.1:5000",
    tag="1.0",
    platforms=("linux/amd64", "linux/arm64"),
    phases=(Phase(name="first"), Phase(name="last")),
)
"""

COMPONENT = """\
from bake_compiler import Component, Image

component = Component(
    phase="first",
    images=[
        Image(name="web"),
    ],
)
"""


def write_project(root: Path, components: dict[str, str], *, project: str = PROJECT) -> Path:
    """Write a project with these components, name → text of component.py, each with a Dockerfile."""
    write(root / "components/project.py", project)
    for name, text in components.items():
        write(root / f"components/{name}/component.py", text)
        write(root / f"components/{name}/Dockerfile", "FROM busybox:stable\n")
    return root


def component(*images: str, phase: str = "first", more: str = "") -> str:
    """The text of a component.py with these images, each the arguments of an Image."""
    return _component(images, phase, more)


def _component(images: Iterable[str], phase: str, more: str) -> str:
    listed = "".join(f"        Image({image}),\n" for image in images)
    return COMPONENT.replace('        Image(name="web"),\n', listed).replace(
        'phase="first",\n', f'phase="{phase}",\n{more}'
    )


def write(path: Path, text: str) -> Path:
    """Write a file, and the directories above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
