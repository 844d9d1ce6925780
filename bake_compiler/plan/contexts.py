"""Named contexts: where each comes from, and which of them are other images."""

from collections.abc import Iterable, Mapping, Sequence

from bake_compiler.model.values import Value
from bake_compiler.plan.paths import URL, inside

TARGET = "target:"
IMAGE = "docker-image://"


def named_context(value: Value, base: str) -> Value:
    """Where a named context comes from.

    A folder becomes a path from the project's root; anything else stays as it is.
    """
    if not isinstance(value, str) or URL in value or value.startswith((TARGET, "/")):
        return value
    return inside(base, value)


def linked(needs: Iterable[str]) -> dict[str, Value]:
    """The named contexts of needed images, each under the image's name."""
    return {need: f"{TARGET}{need}" for need in sorted(needs)}


def image_of(context: object) -> str:
    """The image to which a named context links. Empty if the context is of another kind."""
    return context.removeprefix(TARGET) if isinstance(context, str) and context.startswith(TARGET) else ""


def needed(contexts: object, otherwise: Sequence[str] = ()) -> tuple[str, ...]:
    """The images to which named contexts link, by name. If the contexts are raw HCL: `otherwise`."""
    if not isinstance(contexts, Mapping):
        return tuple(otherwise)
    return tuple(sorted({name for name in map(image_of, contexts.values()) if name}))
