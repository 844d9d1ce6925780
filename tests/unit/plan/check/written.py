"""Projects written to disk for the tests of the checks, and what their author is told."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from bake_compiler.errors import ModelError, Problem
from bake_compiler.project.planned import plan_project
from tests.fakes.project import PROJECT, component, write, write_project

Told: TypeAlias = list[tuple[str, str]]
"""Each mistake as a person reads it, `file:line: field: message`, and its hint."""

COMPONENT = "components/web/component.py"
IMAGE_LINE = f"{COMPONENT}:6"
COMPONENT_LINE = f"{COMPONENT}:5"
PROJECT_LINE = "components/project.py:9"
_IMPORTS = "from bake_compiler import *\n"


def project_py(*more: str) -> str:
    """A project.py whose Project has these arguments besides; the first of them is on line 9."""
    text = PROJECT.replace("from bake_compiler import Phase, Project\n", _IMPORTS).removesuffix(")\n")
    return text + "".join(f"    {argument},\n" for argument in more) + ")\n"


def component_py(*images: str, phase: str = "first", more: str = "") -> str:
    """A component.py; its phase is on line 4, then what `more` says, then the images from line 6 if it says nothing."""
    arguments = f"    {more},\n" if more else ""
    text = component(*images, phase=phase, more=arguments)
    return text.replace("from bake_compiler import Component, Image\n", _IMPORTS)


def mistakes(
    root: Path,
    components: Mapping[str, str] | str = "",
    *project: str,
    files: Mapping[str, str] | None = None,
) -> tuple[Problem, ...]:
    """What is wrong with a project: its components by name or the one called web, Project's further arguments, files.

    Args:
        root: an empty directory.
        components: name → component.py; a text is web's.
        project: further arguments of Project, or a whole project.py.
        files: path → text of further files, such as a Dockerfile.
    """
    written = dict(components) if isinstance(components, Mapping) else {"web": components or component_py('name="web"')}
    whole = project[0] if project and project[0].startswith("from ") else project_py(*project)
    write_project(root, written, project=whole)
    for path, text in (files or {}).items():
        write(root / path, text)
    try:
        plan_project(root)
    except ModelError as error:
        return error.problems
    return ()


def told(
    root: Path,
    components: Mapping[str, str] | str = "",
    *project: str,
    files: Mapping[str, str] | None = None,
) -> Told:
    """The same as texts, each with its hint."""
    return [(str(problem), problem.hint) for problem in mistakes(root, components, *project, files=files)]


def said_at(level: str, field: str) -> tuple[str, tuple[str, ...], str]:
    """A component.py and a Project's arguments that say a field at a level, and where that is.

    Args:
        level: image, component, project, target, variant or change.
        field: an argument, such as `args={"A": "1"}`.
    """
    match level:
        case "image":
            return component_py(f'name="web", {field}'), (), IMAGE_LINE
        case "component":
            return component_py('name="web"', more=field), (), COMPONENT_LINE
        case "project":
            return component_py('name="web"'), (field,), PROJECT_LINE
        case "target":
            inherits = component_py('name="web"', more='inherits=["_t"]')
            return inherits, (f'targets=[Target(name="_t", {field})]',), PROJECT_LINE
        case "variant":
            return (
                component_py('name="web"'),
                (f'variants=[Variant(name="dev", images=["web"], {field})]',),
                PROJECT_LINE,
            )
        case _:
            changed = component_py(f'name="web", variants={{"dev": Change({field})}}')
            return changed, ('variants=[Variant(name="dev")]',), IMAGE_LINE


LEVELS = ("image", "component", "project", "target", "variant", "change")
