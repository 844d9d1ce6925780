"""No two images write to the same place: a public tag, a cache, an output path. Each tag is a valid tag."""

import posixpath
from collections.abc import Iterator, Mapping, Sequence

from bake_compiler.model.base import Mistake
from bake_compiler.model.values import THE_TAG, Value, variables_of
from bake_compiler.oci.architecture import architecture_tag
from bake_compiler.oci.reference import Reference, check_tag
from bake_compiler.plan.check.subject import PlanSubject, at
from bake_compiler.plan.evaluate import evaluate
from bake_compiler.plan.lines import csv_fields
from bake_compiler.plan.plan import Plan, PlannedImage

_CLOUD = {"gha": ("scope",), "s3": ("bucket", "name"), "azblob": ("name",)}
"""Caches without a reference or path → the options that identify the cache.

The default of each option is "buildkit".
"""
_WRITTEN = {"cache-to": ("ref", "dest"), "output": ("dest",)}


def check_collisions(subject: PlanSubject) -> Iterator[Mistake]:
    """Yield two images with the same reference, cache or output path, with the variables' defaults."""
    plan = subject.plan
    taken: dict[str, str] = {}
    for image in plan.images:
        for tag in image.tags if image.tags != (THE_TAG,) else ():
            yield from _check_tag(plan, image, tag)
        for field, what, kind, place in (*_tags(plan, image), *_written(plan, image)):
            writer = taken.setdefault(f"{kind} {place}", image.name)
            if writer != image.name:
                yield at(image, field, f"{what} {place} is also written by {writer}", "give each its own")
    for image in plan.images if subject.stack.project.architecture_tags else ():
        yield from _architecture_tags(plan, image, taken)
    for target in subject.stack.project.targets:
        if target.tags:
            message = "an abstract target builds no image that could have tags"
            yield Mistake(target.source, "tags", message, "write them in an image, a component or the project")


def _architecture_tags(plan: Plan, image: PlannedImage, taken: dict[str, str]) -> Iterator[Mistake]:
    """The tags of single platforms must differ from all other tags."""
    for tag in image.tags:
        text = _text(plan, image, tag)
        for platform in image.platforms if text else ():
            try:
                single = architecture_tag(Reference("", image.repository, text or ""), platform)
            except ValueError as error:
                yield at(image, "tags", f"with architecture_tags: {error}", "shorten it")
                continue
            name = f"{image.name} on {platform}"
            writer = taken.setdefault(f"tag {single.repository}:{single.tag}", name)
            if writer != name:
                message = f"the tag {single.repository}:{single.tag} of {platform} alone is also written by {writer}"
                yield at(image, "tags", message, "give one of them another tag, or leave out architecture_tags")


def _check_tag(plan: Plan, image: PlannedImage, tag: Value) -> Iterator[Mistake]:
    text = _text(plan, image, tag)
    known = {**plan.defaults, **image.matrix}
    if any(isinstance(known.get(name, ()), tuple | dict) for name in variables_of(tag)):
        return  # not declared, or not a text: `check_references` reports it
    try:
        check_tag(text or "")
    except ValueError:
        message = f"with the variables' defaults the tag is {text!r}, which is not a valid tag"
        yield at(image, "tags", message, "a tag has up to 128 letters, digits, and . _ -")


def _tags(plan: Plan, image: PlannedImage) -> Iterator[tuple[str, str, str, str]]:
    for tag in image.tags:
        if text := plan.defaults["TAG"] if tag == THE_TAG else _text(plan, image, tag):
            yield "tags", "the tag", "tag", f"{image.repository}:{text}"


def _written(plan: Plan, image: PlannedImage) -> Iterator[tuple[str, str, str, str]]:
    for attribute, keys in _WRITTEN.items():
        said = image.attributes.get(attribute, plan.common.attributes.get(attribute))
        for line in said if isinstance(said, Sequence) and not isinstance(said, str) else ():
            parts = _fields(attribute, _text(plan, image, line))
            kind, field = parts.get("type", ""), attribute.replace("-", "_")
            for key in keys:
                if parts.get(key, "-") != "-":  # `-` is stdout
                    place = posixpath.normpath(parts[key]) if key == "dest" else parts[key]
                    yield field, f"{attribute} {key}", "path" if key == "dest" else kind, place
            if attribute == "cache-to" and kind in _CLOUD:
                yield field, f"the {kind} cache", kind, "/".join(parts.get(key, "buildkit") for key in _CLOUD[kind])


def _fields(attribute: str, line: str | None) -> Mapping[str, str]:
    try:
        return csv_fields(attribute, line) if line else {}
    except ValueError:
        return {}  # buildx reports it


def _text(plan: Plan, image: PlannedImage, value: Value) -> str | None:
    """The text of a value with the variables' defaults. None if it is not a text, or if only buildx knows it."""
    try:
        found = evaluate(value, {**plan.defaults, **image.matrix} if image.matrix else plan.defaults)
    except ValueError:
        return None
    return found if isinstance(found, str) else None
