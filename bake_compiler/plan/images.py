"""Stack → images: inherits what a component and a project share, and settles paths, args, labels, contexts."""

import posixpath
from collections.abc import Mapping

from bake_compiler.model import Component, Image, Project, Stack
from bake_compiler.plan.plan import PlannedImage


def plan_images(stack: Stack) -> tuple[PlannedImage, ...]:
    """Every image of the stack, in order of phase, then component, then name."""
    phases = [phase.name for phase in stack.project.phases]
    images = [
        _plan_image(stack.project, name, component, image)
        for name, component in stack.components.items()
        for image in component.images
    ]
    return tuple(sorted(images, key=lambda image: (phases.index(image.phase), image.component, image.name)))


def _plan_image(project: Project, name: str, component: Component, image: Image) -> PlannedImage:
    base = "." if component.relative_to == "project" else f"components/{name}"
    context = posixpath.normpath(posixpath.join(base, component.context))
    dockerfile = posixpath.normpath(posixpath.join(base, image.dockerfile or component.dockerfile))
    needs = tuple(sorted({*component.needs, *image.needs} - {image.name}))
    only = image.platforms or component.platforms
    return PlannedImage(
        name=image.name,
        component=name,
        phase=component.phase,
        description=image.description or component.description,
        repository=project.repository.replace("{image}", image.name),
        context=context,
        dockerfile=posixpath.relpath(dockerfile, context),
        stage=image.stage,
        args=_merged(component.args, image.args),
        labels=_merged(component.labels, image.labels),
        contexts={need: f"target:{need}" for need in needs},
        needs=needs,
        platforms=tuple(sorted(set(only.platforms if only else project.platforms))),
        only_reason=only.reason if only else "",
        smoke=image.smoke,
    )


def _merged(shared: Mapping[str, str], own: Mapping[str, str]) -> Mapping[str, str]:
    return dict(sorted({**shared, **own}.items()))
