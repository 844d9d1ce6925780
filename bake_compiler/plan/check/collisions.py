"""No two images write to one place: a public tag, a cache, an output path."""

from collections.abc import Iterator, Sequence

from bake_compiler.model.base import Mistake
from bake_compiler.plan.check.subject import Subject, at
from bake_compiler.plan.evaluate import UNKNOWN, evaluate
from bake_compiler.plan.plan import Plan, PlannedImage

_WRITTEN = {"cache-to": ("ref", "dest"), "output": ("dest",)}


def check_collisions(subject: Subject) -> Iterator[Mistake]:
    """Two images with one reference, one cache or one output path, as it is with the variables' defaults."""
    plan = subject.plan
    taken: dict[str, str] = {}
    for image in plan.images:
        for field, what, place in (*_tags(plan, image), *_written(plan, image)):
            if place in taken and taken[place] != image.name:
                yield at(image, field, f"{what} {place} is also written by {taken[place]}", "give each its own")
            taken.setdefault(place, image.name)


def _tags(plan: Plan, image: PlannedImage) -> Iterator[tuple[str, str, str]]:
    for tag in image.tags:
        text = evaluate(tag, {**plan.defaults, **image.matrix}) if image.matrix else evaluate(tag, plan.defaults)
        yield "tags", "the tag", f"{image.repository}:{text}"


def _written(plan: Plan, image: PlannedImage) -> Iterator[tuple[str, str, str]]:
    for attribute, keys in _WRITTEN.items():
        said = image.attributes.get(attribute)
        for line in said if isinstance(said, Sequence) else ():
            text = evaluate(line, {**plan.defaults, **image.matrix})
            parts = dict(part.partition("=")[::2] for part in str(text).split(",")) if text is not UNKNOWN else {}
            for key in keys:
                if key in parts:
                    yield attribute.replace("-", "_"), f"{attribute} {key}", f"{parts.get('type')}:{parts[key]}"
