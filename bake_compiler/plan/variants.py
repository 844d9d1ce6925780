"""Makes the variants of images: one target for each, which inherits the target of the image."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bake_compiler.model.project import Change, Stack, Variant
from bake_compiler.model.values import Expr, joined
from bake_compiler.plan.attributes import (
    Attribute,
    Attributes,
    merge,
    merge_one,
    settings_attributes,
    without_repeats,
    written_order,
)
from bake_compiler.plan.contexts import image_of, linked, needed
from bake_compiler.plan.labels import DESCRIPTION
from bake_compiler.plan.paths import dockerfile_from, model_file
from bake_compiler.plan.plan import PlannedImage, PlannedTarget
from bake_compiler.plan.tags import tagged


def plan_variants(stack: Stack, images: Sequence[PlannedImage], shared: Attributes) -> list[PlannedImage]:
    """Return every image of every variant.

    Args:
        stack: everything that authors declared.
        images: the images that variants can change.
        shared: what all images inherit.
    """
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
        for name in sorted(members):
            relative = stack.components[bases[name].component].relative_to
            base = "." if relative == "project" else f"components/{bases[name].component}"
            found.append(_vary(bases[name], base, variant, changes.get(name), members, shared))
    return found


def _vary(
    image: PlannedImage, base: str, variant: Variant, said: Change | None, members: set[str], shared: Attributes
) -> PlannedImage:
    change = said or Change()
    own = merge(settings_attributes(variant, "."), settings_attributes(change, base)) | _rebuilt(image, change, base)
    if contexts := _contexts(image, variant, change, own.get("contexts", {}), members):
        own["contexts"] = contexts
    suffix = variant.suffix if variant.suffix is not None else f"-{variant.name}"
    tags = tuple(change.tags or variant.tags) or tuple(joined(tag, suffix) for tag in image.tags)
    own["tags"] = tagged(image.repository, tags, image.also)
    if change.description:
        own["labels"] = merge_one("labels", {DESCRIPTION: change.description}, own.get("labels", {}))
    own = without_repeats(own, merge(shared, image.attributes))
    name = f"{image.name}-{variant.name}"
    description = change.description or image.description
    told = f"{description} ({variant.name})".strip()
    block = PlannedTarget(name, told, (image.name,), written_order(own), origin=model_file(image.component))
    attributes = merge(image.attributes, block.attributes)
    return replace(
        image,
        name=name,
        variant=variant.name,
        description=description,
        tags=tags,
        block=block,
        attributes=attributes,
        needs=needed(attributes.get("contexts", {}), image.needs),
        smoke=tuple(change.smoke) or image.smoke,
        models=(*((said,) if said else ()), variant, *image.models),
    )


def _contexts(image: PlannedImage, variant: Variant, change: Change, said: Attribute, members: set[str]) -> Attribute:
    """The variant's named contexts. Links to images that are also in the variant point to their variants."""
    added = linked((set(variant.needs) - {image.name}) | set(change.needs))
    contexts = merge_one("contexts", added, said)
    before = image.attributes.get("contexts", {})
    if not isinstance(contexts, Mapping) or not isinstance(before, Mapping):
        return contexts
    both = {**before, **contexts}
    moved = {name: f"{value}-{variant.name}" for name, value in both.items() if image_of(value) in members}
    return dict(sorted({**contexts, **moved}.items()))


def _rebuilt(image: PlannedImage, change: Change, base: str) -> dict[str, Attribute]:
    """The attributes of a change that choose the Dockerfile and the stage."""
    found: dict[str, Attribute] = {}
    if change.dockerfile is not None:
        context = image.text("context")
        found["dockerfile"] = dockerfile_from(Expr("null") if context is None else context, base, change.dockerfile)
        if "dockerfile-inline" in image.attributes:
            found["dockerfile-inline"] = ""  # otherwise buildx would use the inherited inline Dockerfile
    if change.stage is not None:
        found["target"] = change.stage
    return found
