"""Every name that is used is declared: phases, images, variables, abstract targets, variants, members of groups."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from bake_compiler.model.base import Mistake, Source, did_you_mean
from bake_compiler.model.project import Variable
from bake_compiler.model.values import THE_TAG, Tagged, variables_of
from bake_compiler.plan.attributes import Attributes
from bake_compiler.plan.check.subject import PlanSubject, at, at_need
from bake_compiler.plan.contexts import image_of
from bake_compiler.plan.plan import PlannedImage


def check_references(subject: PlanSubject) -> Iterator[Mistake]:
    """Yield unknown names, each with the most similar known name."""
    yield from _phases(subject)
    yield from _needs(subject)
    yield from _inherits(subject)
    yield from _members(subject)
    yield from _variables(subject)


def _phases(subject: PlanSubject) -> Iterator[Mistake]:
    known = [phase.name for phase in subject.stack.project.phases]
    for component in subject.stack.components.values():
        if component.phase is not None:
            yield from _unknown("phase", "phase", [component.phase], known, component.source)
        elif len(known) > 1:
            hint = f"write one of them: {', '.join(known)}"
            yield Mistake(component.source, "phase", "is missing, and the project has several phases", hint)


def _needs(subject: PlanSubject) -> Iterator[Mistake]:
    known = subject.plan.by_name
    project = subject.stack.project
    for key, value in project.contexts.items() if isinstance(project.contexts, Mapping) else ():
        if image_of(value) in known:
            message = f"all images would be linked to {image_of(value)}, and {image_of(value)} to itself"
            yield Mistake(
                project.source, f"contexts.{key}", message, "write it in needs, which leaves the image itself out"
            )
    for image in subject.plan.images:
        for need in image.needs:
            if need not in known:
                yield at_need(image, need, f"unknown image {need!r}", did_you_mean(need, list(known)))


def _inherits(subject: PlanSubject) -> Iterator[Mistake]:
    project = subject.stack.project
    known = [target.name for target in project.targets]
    for target in project.targets:
        yield from _unknown("abstract target", "inherits", target.inherits, known, target.source)
    for component in subject.stack.components.values():
        yield from _unknown("abstract target", "inherits", component.inherits, known, component.source)
        for image in component.images:
            yield from _unknown("abstract target", "inherits", image.inherits, known, image.source)


def _members(subject: PlanSubject) -> Iterator[Mistake]:
    project = subject.stack.project
    variants = [variant.name for variant in project.variants]
    images = [image.block.name for image in subject.plan.images if not image.matrix]
    for variant in project.variants:
        yield from _unknown("image", "images", variant.images, images, variant.source)
    for component in subject.stack.components.values():
        for image in component.images:
            if image.variants:
                yield from _unknown("variant", "variants", list(image.variants), variants, image.source)
                if image.matrix:
                    yield Mistake(
                        image.source, "variants", "an image with a matrix can't have variants", "write a loop"
                    )
    known = [*subject.plan.by_name, *(group.name for group in subject.plan.groups)]
    for group in project.groups:
        yield from _unknown("image or group", "members", group.members, known, group.source)


def _unknown(kind: str, field: str, names: Iterable[str], known: Sequence[str], source: Source) -> Iterator[Mistake]:
    there = set(known)
    for name in names:
        if name not in there:
            yield Mistake(source, field, f"unknown {kind} {name!r}", did_you_mean(name, known))


def _variables(subject: PlanSubject) -> Iterator[Mistake]:
    plan = subject.plan
    declared = {variable.name: variable for variable in plan.variables}
    for image in plan.images:
        for attribute, key, name in _used(image.block.attributes):
            if name not in declared and name not in image.matrix:
                hint = did_you_mean(name, [*declared, *image.matrix])
                yield at(image, _field(attribute, image), f"unknown variable {name!r}", hint, key=key)
            elif not _is_text(declared.get(name)):
                message = f"variable {name!r} is a list or a map, not a text"
                yield at(image, _field(attribute, image), message, _take_from(name), key=key)
    sources = {target.name: target.source for target in subject.stack.project.targets}
    for block in (plan.common, *plan.abstracts):
        source = sources.get(block.name, subject.stack.project.source)
        for attribute, key, name in _used(block.attributes):
            field = f"{attribute.replace('-', '_')}{'.' if key else ''}{key}"
            if name not in declared:
                yield Mistake(source, field, f"unknown variable {name!r}", did_you_mean(name, list(declared)))
            elif not _is_text(declared[name]):
                yield Mistake(source, field, f"variable {name!r} is a list or a map, not a text", _take_from(name))


def _take_from(name: str) -> str:
    return f"write Expr for what to take from it, such as Expr('join(\",\", {name})')"


def _used(attributes: Attributes) -> Iterator[tuple[str, str, str]]:
    """Yield the variables in use: attribute, key if the attribute is a map (otherwise empty), and variable."""
    for attribute, value in attributes.items():
        if _is_plain(value):
            continue
        for key, each in value.items() if isinstance(value, dict) else (("", value),):
            for name in variables_of(_own_words(each) if attribute == "tags" else each):
                yield attribute, key, name


def _own_words(tags: object) -> object:
    """The parts of tags that an image declares. The registries belong to the project, and are checked once."""
    return [(tag.repository, tag.tag) for tag in tags if isinstance(tag, Tagged)] if isinstance(tags, tuple) else tags


def _is_plain(value: object) -> bool:
    """Whether a value has only texts, which refer to nothing, as most attributes do."""
    if isinstance(value, dict):
        return all(isinstance(each, str) for each in value.values())
    if isinstance(value, tuple):
        return all(isinstance(each, str) or _has_the_tag(each) for each in value)
    return isinstance(value, str | bool)


def _has_the_tag(value: object) -> bool:
    return isinstance(value, Tagged) and isinstance(value.repository, str) and value.tag == THE_TAG


def _is_text(variable: Variable | None) -> bool:
    return variable is None or not isinstance(variable.default, tuple | dict)


def _field(attribute: str, image: PlannedImage) -> str:
    field = "stage" if attribute == "target" else attribute.replace("-", "_")
    return field if any(field in model.model_fields_set for model in image.models) else "needs"
