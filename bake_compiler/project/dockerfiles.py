"""Which Dockerfile an author means: a path may be relative to two folders. See docs/decisions/dockerfile-path.md."""

import posixpath
from dataclasses import replace
from pathlib import Path

from bake_compiler.plan.attributes import Attributes
from bake_compiler.plan.paths import URL, inside, is_outside
from bake_compiler.plan.plan import Plan, PlannedImage


def project_text(root: Path, path: str) -> str | None:
    """Return the text of a file of the project; None if the file can't be read or is outside of the project."""
    try:
        return None if is_outside(path) else (root / path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def settled(root: Path, plan: Plan) -> Plan:
    """Return the plan. A Dockerfile that exists only in the context's folder is taken from that folder."""
    return replace(plan, images=tuple(_settled(root, image) for image in plan.images))


def from_context(image: PlannedImage) -> str:
    """Return the path of an image's Dockerfile as seen from the context; empty if there is only one possible path."""
    context, planned, said = image.text("context"), image.text("dockerfile"), _said(image, "dockerfile")
    if context is None or planned is None or URL in context or said == planned:
        return ""
    path = inside(context, said)
    return path if path != inside(context, planned) else ""


def spellings(image: PlannedImage) -> str:
    """Return how an author writes the path of each of the two Dockerfiles without ambiguity."""
    first = image.text("dockerfile")
    second = posixpath.join(_said(image, "context"), _said(image, "dockerfile"))
    return f"dockerfile={first!r} for the first one, dockerfile={second!r} for the second one"


def _settled(root: Path, image: PlannedImage) -> PlannedImage:
    second = from_context(image)
    if not second:
        return image
    first = inside(image.text("context") or "", image.text("dockerfile") or "")
    if project_text(root, first) is not None or project_text(root, second) is None:
        return image
    block = replace(image.block, attributes=_naming(image.block.attributes, image))
    return replace(image, block=block, attributes=_naming(image.attributes, image))


def _naming(attributes: Attributes, image: PlannedImage) -> Attributes:
    """Return the attributes with the Dockerfile's path as the author wrote it.

    bake also resolves it from the context.
    """
    return {**attributes, "dockerfile": _said(image, "dockerfile")} if "dockerfile" in attributes else attributes


def _said(image: PlannedImage, field: str) -> str:
    """Return a path as its author wrote it, from the first model that sets the field; empty if it is no plain text."""
    said = next((value for model in image.models if (value := getattr(model, field, None)) is not None), None)
    return said if isinstance(said, str) else ""
