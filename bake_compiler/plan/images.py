"""Makes images and their target blocks from a stack: merges the settings of all levels, and computes paths and names.

Mistakes that `check` finds do not stop it, so that all mistakes are found at once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from itertools import product

from bake_compiler.model.project import Component, Image, Project, Requires, Stack
from bake_compiler.model.settings import Settings
from bake_compiler.model.texts import platforms_of
from bake_compiler.model.values import THE_TAG, Value, Word, joined
from bake_compiler.plan.abstracts import Parents, inherited, without_ancestors
from bake_compiler.plan.attributes import (
    ADDED,
    Attribute,
    Attributes,
    merge,
    merge_one,
    settings_attributes,
    without_repeats,
    written_order,
)
from bake_compiler.plan.contexts import linked, needed
from bake_compiler.plan.evaluate import evaluate
from bake_compiler.plan.labels import own_labels
from bake_compiler.plan.paths import URL, dockerfile_from, inside, model_file
from bake_compiler.plan.plan import COMMON, PlannedImage, PlannedTarget
from bake_compiler.plan.tags import tagged
from bake_compiler.plan.variants import plan_variants


def plan_images(stack: Stack, parents: Parents) -> tuple[PlannedImage, ...]:
    """Return every image of the stack, sorted by phase, component and name. An image's variants follow it.

    Args:
        stack: everything that authors declared.
        parents: the abstract targets, each with all its attributes, inherited ones included.
    """
    order = {phase.name: number for number, phase in enumerate(stack.project.phases)}
    planner = _Planner(stack.project, parents)
    images = [
        image
        for name, component in stack.components.items()
        for model in component.images
        for image in planner.images(name, component, model)
    ]
    images += plan_variants(stack, images, planner.shared)

    def place(image: PlannedImage) -> tuple[int, str, str, str]:
        base = image.name.removesuffix(f"-{image.variant}") if image.variant else image.name
        return order.get(image.phase, len(order)), image.component, base, image.variant

    return tuple(sorted(images, key=place))


class _Planner:
    """Makes the planned images of one project."""

    def __init__(self, project: Project, parents: Parents) -> None:
        self.project, self.parents = project, parents
        self.targets = {target.name: target for target in project.targets}
        self.also = tuple(each.rstrip("/") if isinstance(each, str) else each for each in project.also)
        self.said: dict[str, Attributes] = {}

    @cached_property
    def shared(self) -> Attributes:
        """The project's settings for all images."""
        return settings_attributes(self.project, ".")

    @cached_property
    def linked_by_all(self) -> frozenset[str]:
        """The images to which the project's named contexts link."""
        return frozenset(needed(self.shared.get("contexts", {})))

    def images(self, name: str, component: Component, image: Image) -> Iterator[PlannedImage]:
        """Yield one image, or one for each combination of the matrix."""
        inherits = without_ancestors((*component.inherits, *image.inherits), self.targets) if self.targets else ()
        needs = ({*self.project.needs, *component.needs} - {image.name}) | set(image.needs)
        tags = tuple(image.tags or component.tags or self.project.tags) or (THE_TAG,)
        block = self.block(name, component, image, inherits, needs, tags)
        attributes: Attributes = block.attributes
        if inherits:
            attributes = merge(inherited(inherits, self.parents), attributes)
        links = self.linked_by_all.union(needed(attributes.get("contexts", {}))) - ({image.name} - set(image.needs))
        only = image.platforms or component.platforms
        planned = PlannedImage(
            name=image.name,
            component=name,
            phase=component.phase or self.project.phases[0].name,
            variant="",
            description=block.description,
            repository=self.repository(image.name),
            also=self.also,
            tags=tags,
            block=block,
            matrix={},
            attributes=attributes,
            needs=tuple(sorted(needs | links)),
            platforms=tuple(sorted(platforms_of((only or self.project).platforms))),
            only_reason=only.reason if only else "",
            smoke=tuple(image.smoke),
            foreign=tuple(image.foreign),
            requires=_required(component, image, name),
            architecture_tags=self.project.architecture_tags,
            models=(image, component, *self.ancestors(inherits), self.project),
        )
        if not image.matrix:
            yield planned
            return
        for values in product(*image.matrix.values()):
            chosen = dict(zip(image.matrix, values, strict=True))
            made = str(evaluate(_target_name(image), chosen))
            yield replace(planned, name=made, repository=self.repository(made), matrix=chosen)

    def ancestors(self, inherits: tuple[str, ...]) -> Iterator[Settings]:
        """Yield the abstract targets that an image inherits, the strongest first."""
        todo = list(inherits)
        seen: set[str] = set()
        while todo:
            name = todo.pop()
            if name in self.targets and name not in seen:
                seen.add(name)
                todo += self.targets[name].inherits
                yield self.targets[name]

    def said_by(self, name: str, component: Component) -> Attributes:
        """A component's settings for all its images."""
        if name not in self.said:
            self.said[name] = settings_attributes(component, _base(component, name))
        return self.said[name]

    def block(
        self,
        name: str,
        component: Component,
        image: Image,
        inherits: tuple[str, ...],
        needs: set[str],
        tags: tuple[Value, ...],
    ) -> PlannedTarget:
        """Return the target block for all images of one Image."""
        base = _base(component, name)
        description = image.description or component.description
        own = _taken_back(merge(self.said_by(name, component), settings_attributes(image, base)), image)
        own |= _paths(base, component, image)
        if image.stage is not None:
            own["target"] = image.stage
        if needs:
            own["contexts"] = merge_one("contexts", linked(needs), own.get("contexts", {}))
        notes = {}
        if only := image.platforms or component.platforms:
            own["platforms"] = tuple(map(str, sorted(platforms_of(only.platforms))))
            notes["platforms"] = f"Not for every platform: {only.reason}"
        target_name = _target_name(image)
        own["labels"] = merge_one("labels", own_labels(target_name, description), own.get("labels", {}))
        own["tags"] = tagged(self.repository_of(target_name), tags, self.also)
        if not ADDED.isdisjoint(own):
            own = without_repeats(own, merge(self.shared, inherited(inherits, self.parents)))
        return PlannedTarget(
            image.name,
            description,
            (COMMON, *inherits),
            written_order(own),
            matrix={variable: tuple(values) for variable, values in image.matrix.items()},
            target_name=target_name if image.matrix else None,
            notes=notes,
            origin=model_file(name),
        )

    def repository(self, name: str) -> str:
        """The repository of an image with this name."""
        return self.project.repository.replace("{image}", name)

    def repository_of(self, target_name: Value) -> Value:
        """The repository for a target's name, which may be an expression of the matrix's variables."""
        if isinstance(target_name, str):
            return self.repository(target_name)
        before, _, after = self.project.repository.partition("{image}")
        return joined(before, target_name, after)


def _target_name(image: Image) -> Value:
    """The target's name: the image's name, or an expression of the matrix's variables if there is a matrix."""
    if not image.matrix:
        return image.name
    return joined(image.name, *(part for variable in image.matrix for part in ("-", Word(variable))))


def _taken_back(own: dict[str, Attribute], image: Image) -> dict[str, Attribute]:
    """Set keys to None that an image sets to None.

    This removes what the component gives, but not what the target inherits.
    """
    for name in ("args", "labels"):
        said, both = getattr(image, name), own.get(name)
        if isinstance(said, Mapping) and None in said.values() and isinstance(both, Mapping):
            own[name] = {key: None if said.get(key, "") is None else value for key, value in both.items()}
    return own


def _required(component: Component, image: Image, name: str) -> tuple[Requires, ...]:
    base = _base(component, name)
    return tuple(
        each.model_copy(update={"path": inside(base, each.path)}) for each in (*component.requires, *image.requires)
    )


def _base(component: Component, name: str) -> str:
    """The folder to which a component's paths are relative, from the project's root."""
    return "." if component.relative_to == "project" else f"components/{name}"


def _paths(base: str, component: Component, image: Image) -> dict[str, Attribute]:
    """Context and Dockerfile in bake's form: the context from the project's root, the Dockerfile from the context."""
    context = image.context if image.context is not None else component.context
    if isinstance(context, str) and URL not in context:
        context = inside(base, context)
    inline = image.dockerfile_inline if image.dockerfile_inline is not None else component.dockerfile_inline
    if inline is not None and image.dockerfile is None:
        return {"context": context, "dockerfile-inline": inline}
    return {"context": context, "dockerfile": dockerfile_from(context, base, image.dockerfile or component.dockerfile)}
