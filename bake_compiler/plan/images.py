"""Stack → images and their target blocks: takes together what each level says, and settles paths and names.

Tolerant of what `check` finds wrong, so that all mistakes are found at once.
"""

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import product

from bake_compiler.model.project import Change, Component, Image, Project, Stack, Target, Variant
from bake_compiler.model.settings import Settings
from bake_compiler.model.values import Expr, Join, Tagged, Value, Var, Word
from bake_compiler.plan.attributes import (
    ADDED,
    TARGET,
    URL,
    Attribute,
    Attributes,
    in_order,
    inside,
    joined,
    merge,
    settings_attributes,
    without_repeats,
)
from bake_compiler.plan.evaluate import evaluate
from bake_compiler.plan.plan import COMMON, PlannedImage, PlannedTarget

Parents = Mapping[str, Attributes]
_TITLE = "org.opencontainers.image.title"
_DESCRIPTION = "org.opencontainers.image.description"
_THE_TAG = (Var("TAG"),)


def plan_images(stack: Stack, parents: Parents) -> tuple[PlannedImage, ...]:
    """Every image of the stack, in order of phase, then component, then name, each followed by its variants.

    Args:
        stack: all that authors declared.
        parents: the abstract targets, each with all that it inherits.
    """
    order = {phase.name: number for number, phase in enumerate(stack.project.phases)}
    shared = settings_attributes(stack.project, ".")
    images = [
        image
        for name, component in stack.components.items()
        for model in component.images
        for image in _Planner(stack.project, name, component, model, parents, shared).images()
    ]
    images += _variants(stack, images)

    def place(image: PlannedImage) -> tuple[int, str, str, str]:
        base = image.name.removesuffix(f"-{image.variant}") if image.variant else image.name
        return order.get(image.phase, len(order)), image.component, base, image.variant

    return tuple(sorted(images, key=place))


class _Planner:
    """What one Image becomes."""

    def __init__(
        self,
        project: Project,
        name: str,
        component: Component,
        image: Image,
        parents: Parents,
        shared: Attributes,
    ) -> None:
        self.project, self.name, self.component, self.image, self.parents = project, name, component, image, parents
        self.base = "." if component.relative_to == "project" else f"components/{name}"
        self.needs = ({*project.needs, *component.needs} - {image.name}) | set(image.needs)
        targets = {target.name: target for target in project.targets}
        self.inherits = _without_ancestors((*component.inherits, *image.inherits), targets) if targets else ()
        self.shared = shared

    def images(self) -> Iterator[PlannedImage]:
        """One image, or one for each combination of the matrix."""
        image, component = self.image, self.component
        only = image.platforms or component.platforms
        block = self.block()
        attributes: Attributes = block.attributes
        if self.inherits:
            attributes = merge(inherited(self.inherits, self.parents), attributes)
        linked = {*_needed(attributes, ()), *_needed(self.shared, ())}
        needs = self.needs | (linked - {image.name}) | (linked & set(image.needs))
        planned = PlannedImage(
            name=image.name,
            component=self.name,
            phase=component.phase,
            variant="",
            description=block.description,
            repository=self.repository(image.name),
            tags=self.tags(),
            block=block,
            matrix={},
            attributes=attributes,
            needs=tuple(sorted(needs)),
            platforms=tuple(sorted(set(only.platforms if only else self.project.platforms))),
            only_reason=only.reason if only else "",
            smoke=image.smoke,
            models=(image, component, *self.abstract_models(), self.project),
        )
        if not image.matrix:
            yield planned
            return
        for values in product(*image.matrix.values()):
            chosen = dict(zip(image.matrix, values, strict=True))
            name = str(evaluate(self.target_name(), chosen))
            yield replace(planned, name=name, repository=self.repository(name), matrix=chosen)

    def abstract_models(self) -> Iterator[Settings]:
        """The abstract targets behind it, the strongest first."""
        targets = {target.name: target for target in self.project.targets} if self.inherits else {}
        todo = list(self.inherits)
        seen: set[str] = set()
        while todo:
            name = todo.pop()
            if name in targets and name not in seen:
                seen.add(name)
                todo += targets[name].inherits
                yield targets[name]

    def block(self) -> PlannedTarget:
        """The target block of all of them."""
        image, component = self.image, self.component
        description = image.description or component.description
        own = merge(settings_attributes(component, self.base), settings_attributes(image, self.base))
        for name in ("args", "labels"):  # None takes back what the component gives; what is inherited, it can't
            said, both = getattr(image, name), own.get(name)
            if isinstance(said, dict) and None in said.values() and isinstance(both, dict):
                own[name] = {key: None if said.get(key, "") is None else value for key, value in both.items()}
        own |= self.paths()
        if image.stage is not None:
            own["target"] = image.stage
        if self.needs:
            own["contexts"] = merge({"contexts": _linked(self.needs)}, {"contexts": own.get("contexts", {})})[
                "contexts"
            ]
        notes = {}
        if only := image.platforms or component.platforms:
            own["platforms"] = tuple(map(str, sorted(set(only.platforms))))
            notes["platforms"] = f"Not for every platform: {only.reason}"
        title = {**({_DESCRIPTION: description} if description else {}), _TITLE: self.target_name()}
        own["labels"] = merge({"labels": title}, {"labels": own["labels"]})["labels"] if "labels" in own else title
        own["tags"] = tuple(Tagged(self.repository_value(), tag) for tag in self.tags())
        if not ADDED.isdisjoint(own):
            own = without_repeats(own, merge(self.shared, inherited(self.inherits, self.parents)))
        inherits = (COMMON, *self.inherits)
        matrix = {name: tuple(values) for name, values in image.matrix.items()}
        target_name = self.target_name() if matrix else None
        return PlannedTarget(
            image.name, description, inherits, in_order(own), matrix, target_name, notes, _origin(self.name)
        )

    def paths(self) -> dict[str, Attribute]:
        """Context and Dockerfile as bake wants them: from the project's root, and from the context."""
        image, component = self.image, self.component
        context = image.context if image.context is not None else component.context
        if isinstance(context, str) and URL not in context:
            context = inside(self.base, context)
        inline = image.dockerfile_inline if image.dockerfile_inline is not None else component.dockerfile_inline
        if inline is not None and image.dockerfile is None:
            return {"context": context, "dockerfile-inline": inline}
        return {
            "context": context,
            "dockerfile": _dockerfile(self.base, context, image.dockerfile or component.dockerfile),
        }

    def tags(self) -> tuple[Value, ...]:
        """The nearest level's tags."""
        return self.image.tags or self.component.tags or self.project.tags or _THE_TAG

    def target_name(self) -> Value:
        """The image's name, in terms of its matrix where it has one."""
        return joined([self.image.name, *(part for variable in self.image.matrix for part in ("-", Word(variable)))])

    def repository(self, name: str) -> str:
        """Where an image of this name goes."""
        return self.project.repository.replace("{image}", name)

    def repository_value(self) -> Value:
        """The same in terms of the matrix."""
        before, _, after = self.project.repository.partition("{image}")
        name = self.target_name()
        return joined([before, *(name.parts if isinstance(name, Join) else (name,)), after])


def _origin(component: str) -> str:
    return f"components/{component}/component.py"


@cache
def _from(context: str, path: str) -> str:
    return posixpath.relpath(path, context)


def _dockerfile(base: str, context: Value, dockerfile: Value) -> Value:
    """Relative to the context, as bake wants it."""
    if not isinstance(dockerfile, str) or not isinstance(context, str) or URL in context:
        return dockerfile
    return _from(context, inside(base, dockerfile))


def _linked(needs: Sequence[str] | set[str]) -> dict[str, Value]:
    return {need: f"{TARGET}{need}" for need in sorted(needs)}


def inherited(names: Sequence[str], parents: Parents) -> Attributes:
    """All that several parents give together, the later ones winning."""
    found: Attributes = {}
    for name in names:
        found = merge(found, parents.get(name, {}))
    return found


def plan_abstracts(project: Project) -> tuple[tuple[PlannedTarget, ...], Parents]:
    """The author's abstract targets by name, and each with all that it inherits."""
    targets = {target.name: target for target in project.targets}
    blocks = tuple(
        PlannedTarget(
            target.name,
            target.description,
            _without_ancestors(target.inherits, targets),
            _abstract_attributes(target, target.needs),
        )
        for _, target in sorted(targets.items())
    )
    own = {block.name: block for block in blocks}
    settled: dict[str, Attributes] = {}

    def settle(name: str, path: tuple[str, ...]) -> Attributes:
        if name in path or name not in own:
            return {}
        if name not in settled:
            parents = {parent: settle(parent, (*path, name)) for parent in own[name].inherits}
            settled[name] = merge(inherited(own[name].inherits, parents), own[name].attributes)
        return settled[name]

    return blocks, {name: settle(name, ()) for name in own}


def _without_ancestors(names: Sequence[str], targets: Mapping[str, Target]) -> tuple[str, ...]:
    """The parents without those that a later one inherits: it brings them along, in the same order."""

    def ancestors(name: str, seen: frozenset[str] = frozenset()) -> frozenset[str]:
        parents = [each for each in targets[name].inherits if each not in seen] if name in targets else []
        return frozenset(parents).union(*(ancestors(each, seen | {name}) for each in parents))

    unique = tuple(dict.fromkeys(names))
    return tuple(
        name
        for number, name in enumerate(unique)
        if not any(name in ancestors(later) for later in unique[number + 1 :])
    )


def _abstract_attributes(settings: Settings, needs: Sequence[str]) -> Attributes:
    attributes: Attributes = settings_attributes(settings, ".")
    if needs:
        attributes = merge({"contexts": _linked(set(needs))}, attributes)
    return in_order(without_repeats(attributes, {}))


def _variants(stack: Stack, images: Sequence[PlannedImage]) -> list[PlannedImage]:
    bases = {image.block.name: image for image in images if not image.matrix} if stack.project.variants else {}
    found: list[PlannedImage] = []
    for variant in stack.project.variants:
        changes = {
            image.name: image.variants[variant.name]
            for component in stack.components.values()
            for image in component.images
            if variant.name in image.variants
        }
        members = {name for name in (*variant.images, *changes) if name in bases}
        found += [_vary(stack, bases[name], variant, changes.get(name), members) for name in sorted(members)]
    return found


def _vary(stack: Stack, image: PlannedImage, variant: Variant, said: Change | None, members: set[str]) -> PlannedImage:
    change = said or Change()
    base = "." if stack.components[image.component].relative_to == "project" else f"components/{image.component}"
    own = merge(settings_attributes(variant, "."), settings_attributes(change, base)) | _rebuilt(image, change, base)
    added = (set(variant.needs) - {image.name}) | set(change.needs)
    contexts = merge({"contexts": _linked(added)}, {"contexts": own.get("contexts", {})})["contexts"]
    inherited_contexts = image.attributes.get("contexts", {})
    if isinstance(contexts, Mapping) and isinstance(inherited_contexts, Mapping):
        moved = {**inherited_contexts, **contexts}
        links = {name: f"{value}-{variant.name}" for name, value in moved.items() if _image_of(value) in members}
        contexts = dict(sorted({**contexts, **links}.items()))
    if contexts:
        own["contexts"] = contexts
    suffix = variant.suffix if variant.suffix is not None else f"-{variant.name}"
    tags = change.tags or variant.tags or tuple(_suffixed(tag, suffix) for tag in image.tags)
    own["tags"] = tuple(Tagged(image.repository, tag) for tag in tags)
    description = change.description or image.description
    if change.description:
        labels = own.get("labels", {})
        own["labels"] = merge({"labels": {_DESCRIPTION: change.description}}, {"labels": labels})["labels"]
    own = without_repeats(own, merge(settings_attributes(stack.project, "."), image.attributes))
    name = f"{image.name}-{variant.name}"
    told = f"{description} ({variant.name})".strip()
    block = PlannedTarget(name, told, (image.name,), in_order(own), origin=_origin(image.component))
    attributes = merge(image.attributes, block.attributes)
    return replace(
        image,
        name=name,
        variant=variant.name,
        description=description,
        tags=tags,
        block=block,
        attributes=attributes,
        needs=_needed(attributes, image.needs),
        smoke=change.smoke or image.smoke,
        models=(*((said,) if said else ()), variant, *image.models),
    )


def _rebuilt(image: PlannedImage, change: Change, base: str) -> dict[str, Attribute]:
    """What a change says of the Dockerfile and the stage."""
    found: dict[str, Attribute] = {}
    if change.dockerfile is not None:
        context = image.attributes["context"]
        found["dockerfile"] = _dockerfile(
            base, context if isinstance(context, str) else Expr("null"), change.dockerfile
        )
        if "dockerfile-inline" in image.attributes:
            found["dockerfile-inline"] = ""  # else buildx would take it, which is inherited too
    if change.stage is not None:
        found["target"] = change.stage
    return found


def _image_of(context: object) -> str:
    """The image that a named context links to; empty when it is another kind."""
    return context.removeprefix(TARGET) if isinstance(context, str) and context.startswith(TARGET) else ""


def _needed(attributes: Attributes, otherwise: Sequence[str]) -> tuple[str, ...]:
    """The images that named contexts link to; what is known `otherwise` where the contexts are raw HCL."""
    contexts = attributes.get("contexts", {})
    if not isinstance(contexts, Mapping):
        return tuple(otherwise)
    return tuple(sorted({name for name in map(_image_of, contexts.values()) if name}))


def _suffixed(tag: Value, suffix: str) -> Value:
    return joined([*(tag.parts if isinstance(tag, Join) else (tag,)), suffix])
