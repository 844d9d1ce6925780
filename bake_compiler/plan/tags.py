"""Tags of an image → its references in the bake file, in each registry."""

from collections.abc import Sequence

from bake_compiler.model.values import THE_REGISTRY, Tagged, Value


def tagged(repository: Value, tags: Sequence[Value], also: Sequence[Value]) -> tuple[Tagged, ...]:
    """All tags in REGISTRY, then all of them in each other registry."""
    return tuple(Tagged(repository, tag, registry) for registry in (THE_REGISTRY, *also) for tag in tags)
