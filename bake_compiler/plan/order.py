"""An order of images in which they can be built."""

from collections.abc import Iterable, Mapping, Sequence

from bake_compiler.plan.plan import PlannedImage


def needs_first(images: Sequence[PlannedImage]) -> list[PlannedImage]:
    """The images, each after its needs. A chain of needs may have any length."""
    by_name = {image.name: image for image in images}
    done: dict[str, PlannedImage] = {}
    for image in images:
        stack = [image]
        while stack:
            last = stack[-1]
            if last.name in done:
                stack.pop()
                continue
            todo = [by_name[need] for need in last.needs if need in by_name and need not in done]
            stack += todo
            if not todo:
                done[last.name] = stack.pop()
    return list(done.values())


def with_needs(images: Iterable[PlannedImage], by_name: Mapping[str, PlannedImage]) -> list[PlannedImage]:
    """The images, and all images that they need, directly or through others."""
    found: dict[str, PlannedImage] = {}
    todo = list(images)
    while todo:
        image = todo.pop()
        if image.name not in found:
            found[image.name] = image
            todo += [by_name[need] for need in image.needs if need in by_name]
    return list(found.values())
