"""Each name means one thing. bake has one name space for groups and targets, and one for variables and functions."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from bake_compiler.model.base import Mistake
from bake_compiler.model.project import Component
from bake_compiler.model.texts import NAME
from bake_compiler.plan.check.subject import PlanSubject, claim
from bake_compiler.plan.groups import DEFAULT_GROUP, component_group
from bake_compiler.plan.plan import COMMON, PlannedImage
from bake_compiler.plan.select import ALL
from bake_compiler.plan.variables import OWN, OWN_FUNCTIONS, STANDARD_FUNCTIONS
from bake_compiler.system.environment import is_kept

_GROUP = re.compile(r"[a-zA-Z0-9_-]+")
_LITERALS = frozenset({"true", "false", "null"})
RENAME = "rename one of them"


def check_names(subject: PlanSubject) -> Iterator[Mistake]:
    """Yield names that two things have, or that bake refuses."""
    yield from _targets_and_groups(subject)
    yield from _variables_and_functions(subject)
    yield from _matrices(subject)


def _targets_and_groups(subject: PlanSubject) -> Iterator[Mistake]:
    project = subject.stack.project
    taken = {
        ALL: "the selector of everything",
        DEFAULT_GROUP: "bake's group of everything",
        COMMON: "bakec's target of what all images share",
    }
    what = "a phase" if "phases" in project.model_fields_set else "the phase of a project without phases"
    for phase in project.phases:
        yield from claim(taken, phase.name, what, phase.source, RENAME)
    for target in project.targets:
        yield from claim(taken, target.name, "an abstract target", target.source, RENAME)
    for name, component in subject.stack.components.items():
        for image in component.images:
            yield from claim(taken, image.name, f"an image of {name}", image.source, RENAME)
    yield from _images(subject, taken)
    for variant in project.variants:
        yield from claim(taken, variant.name, "a variant", variant.source, RENAME)
    for group in project.groups:
        yield from claim(taken, group.name, "a group", group.source, RENAME)


def _images(subject: PlanSubject, taken: dict[str, str]) -> Iterator[Mistake]:
    """Yield mistakes in names of images from matrices and variants, and of groups of components with several images."""
    for planned in subject.plan.images:
        if planned.matrix or planned.variant:
            what = f"an image of {planned.component}'s {'variant ' + planned.variant if planned.variant else 'matrix'}"
            yield from claim(taken, planned.name, what, planned.models[0].source, RENAME)
    members: dict[str, list[PlannedImage]] = {}
    for planned in subject.plan.images:
        if not planned.variant:
            members.setdefault(planned.component, []).append(planned)
    for name, component in subject.stack.components.items():
        yield from _component(taken, name, component, members.get(name, ()))


def _component(
    taken: dict[str, str], name: str, component: Component, planned: Sequence[PlannedImage]
) -> Iterator[Mistake]:
    images = [image.block.name for image in planned] or [image.name for image in component.images]
    if not unicodedata.is_normalized("NFC", name):
        message = f"the folder's name {name!r} is not in Unicode's NFC form: buildx would look for another one"
        yield Mistake(component.source, "", message, "rename it")
    if len(images) > 1 and not _GROUP.fullmatch(name):
        message = f"the folder's name {name!r} can't be the name of a bake group"
        yield Mistake(component.source, "", message, "rename it: letters, digits, - and _")
    elif len(images) > 1:
        yield from claim(taken, component_group(name, images), f"the group of {name}", component.source, RENAME)
    elif name not in images and name in taken:
        yield Mistake(component.source, "", f"the folder's name {name!r} is also {taken[name]}", "rename one")


def _variables_and_functions(subject: PlanSubject) -> Iterator[Mistake]:
    project = subject.stack.project
    taken = dict.fromkeys(OWN, "a variable of bakec's own") | dict.fromkeys(OWN_FUNCTIONS, "a function of bakec's own")
    taken |= dict.fromkeys(STANDARD_FUNCTIONS, "a function of bake's own")
    for variable in project.variables:
        yield from claim(taken, variable.name, "a variable", variable.source, RENAME)
        if is_kept(variable.name) or variable.name.startswith("BAKE_") or variable.name in _LITERALS:
            message = f"{variable.name!r} has a meaning of its own, to docker, to buildx or to HCL"
            yield Mistake(variable.source, "name", message, "rename it")
    for function in project.functions:
        yield from claim(taken, function.name, "a function", function.source, RENAME)


def _matrices(subject: PlanSubject) -> Iterator[Mistake]:
    for component in subject.stack.components.values():
        for image in component.images:
            for variable, values in image.matrix.items():
                if variable in subject.plan.defaults:
                    yield Mistake(image.source, f"matrix.{variable}", f"{variable!r} is also a variable", RENAME)
                if not values:
                    yield Mistake(image.source, f"matrix.{variable}", "has no values", "give one at least")
    for planned in subject.plan.images:
        if planned.matrix and planned.name != planned.name.lower():
            message = f"{planned.name!r} would be the image's name, and a repository has no capitals"
            yield Mistake(planned.models[0].source, "matrix", message, "write the values in lower case")
        elif planned.matrix and not NAME.fullmatch(planned.name):
            message = (
                f"{planned.name!r} would be the image's name, and is not valid: lower-case letters, digits, - and _"
            )
            yield Mistake(planned.models[0].source, "matrix", message, "write other values")
