"""Turns selectors into what one run is about."""

from collections.abc import Mapping, Sequence

from bake_compiler.errors import UsageError
from bake_compiler.model.base import did_you_mean
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.plan.plan import Cell, Exclusion, Plan, PlannedImage, Wanted, on_platforms
from bake_compiler.plan.variables import given_value

ALL = "all"
_GIVEN = ("REGISTRY", "TAG", "PLATFORMS")


def select(
    plan: Plan,
    selectors: Sequence[str],
    *,
    platforms: Sequence[Platform] = (),
    registry: str = "",
    tag: str = "",
    variables: Mapping[str, str] | None = None,
) -> Wanted:
    """Return what is wanted: the selected images on the given platforms.

    The project's defaults fill in what is not given.

    A selector is `all`, a phase, a component, a variant, a group, or an image. `component/image` selects an image whose
    name is also another selector. No selector means `all`, which leaves the variants out.

    Raises:
        UsageError: a selector that selects nothing, a platform that the project does not declare, or a variable that
            its bake file does not have.
    """
    values = variables_of_run(plan, registry, tag, variables or {})
    asked = _asked(plan, platforms)
    chosen = {name for selector in selectors or (ALL,) for name in _names(plan, selector)}
    images = [image for image in plan.images if image.name in chosen]
    narrowed = (on_platforms(image, asked) for image in images)
    wanted = Wanted(
        given=dict(variables or {}),
        variables=values,
        images=tuple(image for image in narrowed if image.platforms),
        excluded=tuple(
            Exclusion(Cell(image.name, platform), image.only_reason)
            for image in images
            for platform in asked
            if platform not in image.platforms
        ),
    )
    if variables or registry or tag:
        _check_references(wanted)
    return wanted


def variables_of_run(plan: Plan, registry: str, tag: str, texts: Mapping[str, str]) -> Mapping[str, object]:
    """Return the values of all variables in one run, including REGISTRY and TAG.

    Raises:
        UsageError: a variable that the bake file does not have, or a value of another type.
    """
    values = _given(plan, texts)
    places = {"REGISTRY": registry or plan.defaults["REGISTRY"], "TAG": tag or plan.defaults["TAG"]}
    return {**plan.defaults, **values, **places}


def _check_references(wanted: Wanted) -> None:
    """Refuse variables with which a reference is not valid, or a platform's own tag is also another image's."""
    taken: dict[Reference, str] = {}
    single: list[tuple[Reference, str]] = []
    for image in wanted.images:
        try:
            taken.update(dict.fromkeys(wanted.references(image), image.name))
            own = wanted.architecture_references(image)
            single += ((tag, f"{image.name} {platform}") for tag, platform in own.items())
        except ValueError as error:
            option = "--var: " if wanted.given else ""
            raise UsageError(f"{option}{error}", hint=f"{image.name} is published under it") from error
    for tag, name in single:
        if (other := taken.setdefault(tag, name)) != name:
            raise UsageError(f"{other} and {name} would both be {tag}", hint="give another --tag, or --var")


def _given(plan: Plan, texts: Mapping[str, str]) -> dict[str, object]:
    """Return the values of the variables that are set for one run."""
    settable = {variable.name: variable for variable in plan.variables if variable.name not in _GIVEN}
    for name in texts:
        if name not in settable:
            hint = f"write --{name.lower().rstrip('s')}" if name in _GIVEN else did_you_mean(name, list(settable))
            raise UsageError(f"{plan.name} has no variable {name!r} to set with --var", hint=hint)
    try:
        return {name: given_value(settable[name], text) for name, text in texts.items()}
    except ValueError as error:
        raise UsageError(f"--var: {error}", hint="give a value of the type of the variable's default") from error


def _asked(plan: Plan, platforms: Sequence[Platform]) -> tuple[Platform, ...]:
    """Return the platforms of one run: those that are given, otherwise all of the project's."""
    asked = tuple(sorted(set(platforms))) or plan.platforms
    for platform in asked:
        if platform not in plan.platforms:
            names = ", ".join(map(str, plan.platforms))
            raise UsageError(f"{plan.name} is not built for {platform}", hint=f"the project declares {names}")
    return asked


def _names(plan: Plan, selector: str) -> tuple[str, ...]:
    component, _, image = selector.partition("/")
    found = tuple(
        each.name
        for each in plan.images
        if (not each.variant and (selector == ALL or selector == each.phase or selector == each.component))  # noqa: PLR1714 - a tuple a call is dear with 10,000 images
        or (image and (component, image) == (each.component, each.name))
    )
    found = found or ((selector,) if selector in plan.by_name else ()) or _members(plan, selector)
    if not found:
        if not plan.images:
            raise UsageError(f"{plan.name} has no components", hint="add components/NAME/component.py")
        if selector in plan.phases:
            raise UsageError(f"phase {selector!r} has no images", hint="`bakec plan` lists every phase and image")
        raise UsageError(
            f"no phase, component or image is called {selector!r}", hint=did_you_mean(selector, known(plan))
        )
    return found


def _members(plan: Plan, group: str, path: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The images of a group and of all groups in it."""
    targets = next((each.targets for each in plan.groups if each.name == group and group not in path), ())
    return tuple(
        name
        for target in targets
        for name in ((target,) if target in plan.by_name else _members(plan, target, (*path, group)))
    )


def known(plan: Plan) -> list[str]:
    """Every selector that selects something: `all`, then phases, components, groups and images by name."""
    return [
        ALL,
        *sorted(
            {name for image in plan.images for name in _selectors_of(image)} | {group.name for group in plan.groups}
        ),
    ]


def _selectors_of(image: PlannedImage) -> tuple[str, str, str]:
    return image.phase, image.component, image.name
