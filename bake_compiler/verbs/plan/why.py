"""Explains one image: which level sets each field, in which file and line."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from typing_extensions import TypedDict

from bake_compiler.document import ProblemDocument, problem_document
from bake_compiler.errors import Problem, UsageError
from bake_compiler.model.base import did_you_mean
from bake_compiler.plan import Plan
from bake_compiler.plan.explain import origins, users_of


class SaidDocument(TypedDict):
    """Who sets a field of an image."""

    field: str
    """The field, such as `args.GO_VERSION`."""
    by: str
    """The level that sets it: the project, an abstract target, the component, the image, a variant."""
    at: str
    """The file and the line, from the project's root."""


class WhyDocument(TypedDict):
    """Why an image is as it is."""

    schema: Literal["bakec.why/1"]
    name: str
    """The image's name."""
    description: str
    """Its description; may be empty."""
    declared: str
    """The file and the line of its declaration, from the project's root."""
    component: str
    """The component that declares it."""
    phase: str
    """Its phase."""
    needs: list[str]
    """The images that it needs."""
    needed_by: list[str]
    """The images that need it."""
    platforms: list[str]
    """The platforms that are wanted of it."""
    platforms_why: str
    """Why these platforms."""
    inherits: list[str]
    """The targets of the bake file that it inherits from."""
    said: list[SaidDocument]
    """Each field that some level sets."""
    warnings: list[ProblemDocument]
    """Likely mistakes of the project that may be intended."""


def why_document(root: Path, planned: Plan, name: str, warnings: Sequence[Problem] = ()) -> WhyDocument:
    """Why an image is as it is, as plain dicts and lists."""
    if name not in planned.by_name:
        raise UsageError(f"no image is called {name!r}", hint=did_you_mean(name, list(planned.by_name)))
    image = planned.image(name)

    def place(file: str, line: int) -> str:
        path = Path(file)
        return f"{path.relative_to(root) if path.is_relative_to(root) else path}:{line}"

    own = image.models[0].source
    return {
        "schema": "bakec.why/1",
        "name": name,
        "description": image.description,
        "declared": place(own.file, own.line),
        "component": image.component,
        "phase": image.phase,
        "needs": list(image.needs),
        "needed_by": list(users_of(planned, name)),
        "platforms": list(map(str, image.platforms)),
        "platforms_why": image.only_reason or "the platforms of the project",
        "inherits": list(image.block.inherits),
        "said": [
            {"field": field, "by": who, "at": place(source.file, source.line)} for field, who, source in origins(image)
        ],
        "warnings": [problem_document(each) for each in warnings],
    }


def why_lines(why: WhyDocument) -> Iterator[str]:
    """The document of an image as text."""
    yield f"{why['name']}: {why['description']}" if why["description"] else why["name"]
    yield f"  declared in {why['declared']}, component {why['component']}, phase {why['phase']}"
    needed = ", ".join(why["needed_by"]) or "none"
    yield f"  needs {', '.join(why['needs']) or 'no other image'}; needed by {needed}"
    yield f"  for {', '.join(why['platforms'])}: {why['platforms_why']}"
    yield f"  inherits {', '.join(why['inherits'])}"
    for each in why["said"]:
        yield f"  {each['field']}: {each['by']} says so, {each['at']}"
