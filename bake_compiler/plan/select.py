"""Plan and selectors → what one run is about."""

from collections.abc import Sequence

from bake_compiler.errors import UsageError
from bake_compiler.model import did_you_mean
from bake_compiler.oci.platform import Platform
from bake_compiler.plan.plan import Cell, Exclusion, Plan, PlannedImage, Wanted, on_platforms

ALL = "all"


def select(
    plan: Plan,
    selectors: Sequence[str],
    *,
    platforms: Sequence[Platform] = (),
    registry: str = "",
    tag: str = "",
) -> Wanted:
    """What is wanted: the selected images on the given platforms; what is not given is the project's default.

    A selector is `all`, a phase, a component, an image, or `component/image` where one name is both. No selector is
    `all`.

    Raises:
        UsageError: a selector that selects nothing, or a platform that the project does not declare.
    """
    asked = tuple(sorted(set(platforms))) or plan.platforms
    for platform in asked:
        if platform not in plan.platforms:
            declared = ", ".join(map(str, plan.platforms))
            raise UsageError(f"{plan.name} is not built for {platform}", hint=f"the project declares {declared}")
    names = {name for selector in selectors or (ALL,) for name in _names(plan, selector)}
    images = [image for image in plan.images if image.name in names]
    narrowed = (on_platforms(image, asked) for image in images)
    return Wanted(
        registry=registry or plan.registry,
        tag=tag or plan.tag,
        images=tuple(image for image in narrowed if image.platforms),
        excluded=tuple(
            Exclusion(Cell(image.name, platform), image.only_reason)
            for image in images
            for platform in asked
            if platform not in image.platforms
        ),
    )


def _names(plan: Plan, selector: str) -> tuple[str, ...]:
    component, _, image = selector.partition("/")
    found = tuple(
        each.name
        for each in plan.images
        if selector in {ALL, each.phase, each.component} or (component, image) == (each.component, each.name)
    )
    found = found or tuple(each.name for each in plan.images if each.name == selector)
    if not found:
        if not plan.images:
            raise UsageError(f"{plan.name} has no components", hint="add components/NAME/component.py")
        if selector in plan.phases:
            raise UsageError(f"phase {selector!r} has no images", hint="`bakec plan` lists every phase and image")
        raise UsageError(
            f"no phase, component or image is called {selector!r}", hint=did_you_mean(selector, known(plan))
        )
    return found


def known(plan: Plan) -> list[str]:
    """Every selector that selects something: `all`, then phases, components and images by name."""
    return [ALL, *sorted({name for image in plan.images for name in _selectors_of(image)})]


def _selectors_of(image: PlannedImage) -> tuple[str, str, str]:
    return image.phase, image.component, image.name
