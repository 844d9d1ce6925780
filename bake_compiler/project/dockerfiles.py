"""Which Dockerfile an author means, whose path may be relative to two folders: docs/decisions/dockerfile-path.md."""

import posixpath
from dataclasses import replace
from pathlib import Path

from bake_compiler.plan.attributes import Attributes
from bake_compiler.plan.paths import URL, inside, is_outside
from bake_compiler.plan.plan import Plan, PlannedImage


def project_text(root: Path, path: str) -> str | None:
    """The text of a file inside of the project; None where there is none."""
    try:
        return None if is_outside(path) else (root / path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def settled(root: Path, plan: Plan) -> Plan:
    """The plan, in which a Dockerfile that exists only in the context's folder is taken from there."""
    return replace(plan, images=tuple(_settled(root, image) for image in plan.images))


def from_context(image: PlannedImage) -> str:
    """The second place of an image's Dockerfile: its path as seen from the context; empty where both are one place."""
    context, planned, said = image.text("context"), image.text("dockerfile"), _said(image, "dockerfile")
    if context is None or planned is None or URL in context or said == planned:
        return ""
    path = inside(context, said)
    return path if path != inside(context, planned) else ""


def spellings(image: PlannedImage) -> str:
    """How an author names either of the two Dockerfiles, so that the path has one meaning."""
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
    """The same attributes with the Dockerfile as its author wrote it, which bake too reads from the context."""
    return {**attributes, "dockerfile": _said(image, "dockerfile")} if "dockerfile" in attributes else attributes


def _said(image: PlannedImage, field: str) -> str:
    """A path as the author wrote it, in the declaration that counts; empty where it is no plain text."""
    said = next((value for model in image.models if (value := getattr(model, field, None)) is not None), None)
    return said if isinstance(said, str) else ""
