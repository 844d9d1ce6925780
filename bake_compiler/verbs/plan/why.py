"""Why an image is as it is: who says what, and where."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bake_compiler.errors import UsageError
from bake_compiler.model.base import did_you_mean
from bake_compiler.plan import Plan
from bake_compiler.plan.explain import origins, users_of


def why_document(root: Path, planned: Plan, name: str) -> dict[str, Any]:
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
    }


def why_lines(why: dict[str, Any]) -> Iterator[str]:
    """The document of an image as text."""
    yield f"{why['name']}: {why['description']}" if why["description"] else why["name"]
    yield f"  declared in {why['declared']}, component {why['component']}, phase {why['phase']}"
    needed = ", ".join(why["needed_by"]) or "none"
    yield f"  needs {', '.join(why['needs']) or 'no other image'}; needed by {needed}"
    yield f"  for {', '.join(why['platforms'])}: {why['platforms_why']}"
    yield f"  inherits {', '.join(why['inherits'])}"
    for each in why["said"]:
        yield f"  {each['field']}: {each['by']} says so, {each['at']}"
