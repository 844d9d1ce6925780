"""The input of a check, and functions that several checks share."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bake_compiler.model.base import Mistake, Source
from bake_compiler.model.project import Stack
from bake_compiler.plan.contexts import TARGET
from bake_compiler.plan.plan import Plan, PlannedImage


@dataclass(frozen=True)
class Inputs:
    """The files of a build that bakec reads before the build. Paths are relative to the project's root.

    Attributes:
        dockerfiles: path → text.
        ignores: path of a .dockerignore → text.
    """

    dockerfiles: Mapping[str, str] = field(default_factory=dict)
    ignores: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PlanSubject:
    """Everything that a check compares: what authors declared, the plan made from it, and the files that it names."""

    stack: Stack
    plan: Plan
    inputs: Inputs


def at(image: PlannedImage, field: str, message: str, hint: str = "", *, key: str = "") -> Mistake:
    """A mistake at the place where the image's author wrote the field."""
    source, place = image.place(field, key)
    return Mistake(source, place, message, hint)


def at_need(image: PlannedImage, need: str, message: str, hint: str = "") -> Mistake:
    """A mistake at the place where the image's author declared the need: in `needs`, or as a named context."""
    for name in (need, need.removesuffix(f"-{image.variant}")):
        for model in image.models:
            if name in model.needs:
                return Mistake(model.source, "needs", message, hint)
            contexts = model.contexts if isinstance(model.contexts, Mapping) else {}
            for key, value in contexts.items():
                if value == f"{TARGET}{name}":
                    return Mistake(model.source, f"contexts.{key}", message, hint)
    return at(image, "needs", message, hint)


def claim(taken: dict[str, str], name: str, what: str, source: Source, hint: str) -> Iterator[Mistake]:
    """Take a name. Yield a mistake if something else has it."""
    if name in taken:
        yield Mistake(source, "name", f"{name!r} is {what}, and also {taken[name]}", hint)
    taken.setdefault(name, what)
