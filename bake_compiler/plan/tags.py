"""Makes an image's references in the bake file from its tags, for each registry."""

from collections.abc import Sequence

from bake_compiler.model.values import THE_REGISTRY, Tagged, Value


def tagged(repository: Value, tags: Sequence[Value], also: Sequence[Value]) -> tuple[Tagged, ...]:
    """All tags in REGISTRY, then all tags in each further registry."""
    return tuple(Tagged(repository, tag, registry) for registry in (THE_REGISTRY, *also) for tag in tags)
