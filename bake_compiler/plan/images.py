"""Stack → images and their target blocks: takes together what each level says, and settles paths and names.

Tolerant of what `check` finds wrong, so that all mistakes are found at once.
"""

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import product

from bake_compiler.model.project import Change, Component, Image, Project, Stack, Variant
from bake_compiler.model.settings import Settings
from bake_compiler.model.values import Expr, Join, Tagged, Value, Var, Word
from bake_compiler.plan.attributes import (
    TARGET,
    URL,
    Attribute,
    Attributes,
    in_order,
    inside,
    joined,
    merge,
    settings_attributes,
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
    images = [
        image
        for name, component in stack.components.items()
        for model in component.images
        for image in _Planner(stack.project, name, component, model, parents).images()
    ]
    images += _variants(stack, images)

    def place(image: PlannedImage) -> tuple[int, str, str, str]:
        base = image.name.removesuffix(f"-{image.variant}") if image.variant else image.name
        return order.get(image.phase, len(order)), image.component, base, image.variant

    return tuple(sorted(images, key=place))


class _Planner:
    """What one Image becomes."""

    def __init__(self, project: Project, name: str, component: Component, image: Image, parents: Parents) -> None:
        self.project, self.name, self.component, self.image, self.parents = project, name, component, image, parents
        self.base = "." if component.relative_to == "project" else f"components/{name}"
        shared = {*project.needs, *component.needs} - {image.name}
        self.needs = shared | set(image.needs)
        self.inherits = tuple(dict.fromkeys((*component.inherits, *image.inherits)))

    def images(self) -> Iterator[PlannedImage]:
        """One image, or one for each combination of the matrix."""
        image, component = self.image, self.component
        only = image.platforms or component.platforms
        block = self.block()
        attributes: Attributes = block.attributes
        if self.inherits:
            attributes = merge(inherited(self.inherits, self.parents), attributes)
        contexts = attributes.get("contexts", {})
        targets = {TARGET + need for need in self.needs}
        linked = set(contexts.values()) - targets if isinstance(contexts, Mapping) else ()
        needs = self.needs | {name.removeprefix(TARGET) for name in linked if isinstance(name, str) and TARGET in name}
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
        PlannedTarget(target.name, target.description, target.inherits, _abstract_attributes(target, target.needs))
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


def _abstract_attributes(settings: Settings, needs: Sequence[str]) -> Attributes:
    attributes: Attributes = settings_attributes(settings, ".")
    if needs:
        attributes = merge({"contexts": _linked(set(needs))}, attributes)
    return in_order(attributes)


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
        found += [_vary(stack, bases[name], variant, changes.get(name, Change()), members) for name in sorted(members)]
    return found


def _vary(stack: Stack, image: PlannedImage, variant: Variant, change: Change, members: set[str]) -> PlannedImage:
    base = "." if stack.components[image.component].relative_to == "project" else f"components/{image.component}"
    own = merge(settings_attributes(variant, "."), settings_attributes(change, base))
    if change.dockerfile is not None:
        context = image.attributes["context"]
        own["dockerfile"] = _dockerfile(base, context if isinstance(context, str) else Expr(""), change.dockerfile)
    if change.stage is not None:
        own["target"] = change.stage
    added = _linked({*variant.needs, *change.needs} - {image.name})
    moved = {need: f"{TARGET}{need}-{variant.name}" for need in {*image.needs, *added} if need in members}
    if contexts := {**added, **moved}:
        own["contexts"] = merge({"contexts": dict(sorted(contexts.items()))}, {"contexts": own.get("contexts", {})})[
            "contexts"
        ]
    suffix = variant.suffix if variant.suffix is not None else f"-{variant.name}"
    tags = change.tags or variant.tags or tuple(_suffixed(tag, suffix) for tag in image.tags)
    own["tags"] = tuple(Tagged(image.repository, tag) for tag in tags)
    description = change.description or image.description
    if change.description:
        labels = own.get("labels", {})
        own["labels"] = merge({"labels": {_DESCRIPTION: change.description}}, {"labels": labels})["labels"]
    name = f"{image.name}-{variant.name}"
    told = f"{description} ({variant.name})".strip()
    block = PlannedTarget(name, told, (image.name,), in_order(own), origin=_origin(image.component))
    return replace(
        image,
        name=name,
        variant=variant.name,
        description=description,
        tags=tags,
        block=block,
        attributes=merge(image.attributes, block.attributes),
        needs=tuple(sorted(f"{need}-{variant.name}" if need in members else need for need in {*image.needs, *added})),
        smoke=change.smoke or image.smoke,
        models=(change, variant, *image.models),
    )


def _suffixed(tag: Value, suffix: str) -> Value:
    return joined([*(tag.parts if isinstance(tag, Join) else (tag,)), suffix])
