"""Contexts and Dockerfiles stay inside the project."""

from collections.abc import Iterator

from bake_compiler.model.base import Mistake
from bake_compiler.plan.attributes import Attributes
from bake_compiler.plan.check.subject import PlanSubject, at
from bake_compiler.plan.contexts import TARGET
from bake_compiler.plan.paths import URL, inside, is_outside


def check_paths(subject: PlanSubject) -> Iterator[Mistake]:
    """Yield paths that lead out of the project. A build on another machine would not find them."""
    shared = tuple(_folders(subject.plan.common.attributes))
    for image in subject.plan.images:
        context = image.text("context")
        if context is None or URL in context:
            continue
        dockerfile = inside(context, image.text("dockerfile") or ".")
        if is_outside(context):
            yield at(image, "context", f"{context} is outside the project", "move it inside")
        elif is_outside(dockerfile):
            yield at(image, "dockerfile", f"{dockerfile} is outside the project", "move it inside")
        for name, value in (*_folders(image.attributes), *shared):
            if is_outside(value):
                yield at(image, "contexts", f"{value} is outside the project", "move it inside", key=name)


def _folders(attributes: Attributes) -> Iterator[tuple[str, str]]:
    """Yield the named contexts that are folders."""
    contexts = attributes.get("contexts")
    for name, value in contexts.items() if isinstance(contexts, dict) else ():
        if isinstance(value, str) and URL not in value and not value.startswith(TARGET):
            yield name, value
