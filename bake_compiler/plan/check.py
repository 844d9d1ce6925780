"""What can be wrong with models that are each well-formed: found all at once, before anything is written."""

import posixpath
from collections.abc import Iterator, Mapping

from bake_compiler.model import Component, Image, Mistake, Source, Stack, did_you_mean
from bake_compiler.plan.groups import DEFAULT_GROUP, component_group


def check_stack(stack: Stack) -> Iterator[Mistake]:
    """Every mistake in how components, images, phases and platforms refer to each other."""
    for check in (_check_phases, _check_names, _check_paths, _check_needs, _check_cycles, _check_platforms):
        yield from check(stack)


def _images(stack: Stack) -> Iterator[tuple[str, Component, Image]]:
    for name, component in stack.components.items():
        for image in component.images:
            yield name, component, image


def _needs(stack: Stack) -> Mapping[str, tuple[str, ...]]:
    return {
        image.name: tuple(sorted({*component.needs, *image.needs} - ({image.name} - set(image.needs))))
        for _, component, image in _images(stack)
    }


def _check_phases(stack: Stack) -> Iterator[Mistake]:
    known = [phase.name for phase in stack.project.phases]
    for component in stack.components.values():
        if component.phase not in known:
            message = f"unknown phase {component.phase!r}"
            yield Mistake(component.source, "phase", message, did_you_mean(component.phase, known))


def _check_names(stack: Stack) -> Iterator[Mistake]:
    """One name, one thing: bake has a single name space for groups and targets."""
    taken: dict[str, str] = {DEFAULT_GROUP: "bake's group of everything"}
    for phase in stack.project.phases:
        yield from _claim(taken, phase.name, "a phase", phase.source)
    for name, _, image in _images(stack):
        yield from _claim(taken, image.name, f"an image of {name}", image.source)
    for name, component in stack.components.items():
        images = [image.name for image in component.images]
        if len(images) > 1:
            yield from _claim(taken, component_group(name, images), f"the group of {name}", component.source)
        elif name not in images and name in taken:
            yield Mistake(component.source, "", f"the folder's name {name!r} is also {taken[name]}", "rename one")


def _claim(taken: dict[str, str], name: str, what: str, source: Source) -> Iterator[Mistake]:
    if name in taken:
        yield Mistake(source, "name", f"{name!r} is {what}, and also {taken[name]}", "rename one of them")
    taken.setdefault(name, what)


def _check_paths(stack: Stack) -> Iterator[Mistake]:
    for name, component in stack.components.items():
        base = "." if component.relative_to == "project" else f"components/{name}"
        yield from _check_path(base, component.context, "context", component.source)
        yield from _check_path(base, component.dockerfile, "dockerfile", component.source)
        for image in component.images:
            yield from _check_path(base, image.dockerfile or ".", "dockerfile", image.source)


def _check_path(base: str, path: str, field: str, source: Source) -> Iterator[Mistake]:
    found = posixpath.normpath(posixpath.join(base, path))
    if found == ".." or found.startswith("../"):
        yield Mistake(source, field, f"{found} is outside the project", "move it inside")


def _check_needs(stack: Stack) -> Iterator[Mistake]:
    known = [image.name for _, _, image in _images(stack)]
    for _, component, image in _images(stack):
        for owner in (component, image):
            for need in owner.needs:
                if need not in known:
                    yield Mistake(owner.source, "needs", f"unknown image {need!r}", did_you_mean(need, known))


def _check_cycles(stack: Stack) -> Iterator[Mistake]:
    needs = _needs(stack)
    sources = {image.name: image.source for _, _, image in _images(stack)}
    done: set[str] = set()
    for start in sorted(needs):
        path: list[str] = []
        if cycle := _find_cycle(start, needs, done, path):
            yield Mistake(sources[cycle[0]], "needs", "a cycle: " + " → ".join([*cycle, cycle[0]]), "drop one edge")


def _find_cycle(start: str, needs: Mapping[str, tuple[str, ...]], done: set[str], path: list[str]) -> list[str]:
    """A cycle that can be reached from `start` through images that are not done; iterative, for deep graphs."""
    stack = [(start, iter(needs.get(start, ())))] if start not in done else []
    path[:] = [start]
    while stack:
        name, rest = stack[-1]
        need = next(rest, None)
        if need is None:
            done.add(name)
            stack.pop()
            path.pop()
        elif need in path:
            done.update(path)
            return path[path.index(need) :]
        elif need not in done:
            path.append(need)
            stack.append((need, iter(needs.get(need, ()))))
    return []


def _check_platforms(stack: Stack) -> Iterator[Mistake]:
    """An image that is needed must exist on each platform of its user, and no exception adds a platform."""
    allowed = set(stack.project.platforms)
    platforms = {
        image.name: set(only.platforms) if (only := image.platforms or component.platforms) else allowed
        for _, component, image in _images(stack)
    }
    for _, component, image in _images(stack):
        if extra := platforms[image.name] - allowed:
            only = image.platforms or component.platforms
            names = ", ".join(map(str, sorted(extra)))
            yield Mistake(only.source if only else image.source, "platforms", f"{names} is not one of the project's")
    for name, needs in _needs(stack).items():
        for need in needs:
            if lacking := platforms[name] - platforms.get(need, platforms[name]):
                names = ", ".join(map(str, sorted(lacking)))
                source = next(image.source for _, _, image in _images(stack) if image.name == name)
                yield Mistake(source, "needs", f"{name} is built for {names}, but {need}, which it needs, is not")
