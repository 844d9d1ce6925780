"""The project's external images, each with its source and its target, and which of them a run is about."""

from collections.abc import Iterator, Sequence

from bake_compiler.errors import UsageError
from bake_compiler.model.base import did_you_mean
from bake_compiler.model.project import External, Project
from bake_compiler.model.texts import platforms_of
from bake_compiler.oci.reference import Reference
from bake_compiler.plan.plan import Plan, PlannedExternal

ALL = "all"


def plan_externals(project: Project) -> tuple[PlannedExternal, ...]:
    """Return every external image, sorted by name. Mistakes that `check` finds do not stop this function."""
    also = tuple(each.rstrip("/") if isinstance(each, str) else each for each in project.also)
    planned = (
        PlannedExternal(
            name=each.name,
            source=Reference.parse(each.image) if each.image else None,
            sources={platform: Reference.parse(text) for platform, text in each.of_platforms.items()},
            repository=(each.repository or project.repository).replace("{image}", each.name),
            tag=each.tag or next(_tags(each), ""),
            platforms=tuple(sorted(platforms_of((each.platforms or project).platforms))),
            only_reason=each.platforms.reason if each.platforms else "",
            foreign=tuple(each.foreign),
            also=also,
            model=each.source,
        )
        for each in project.external
    )
    return tuple(sorted(planned, key=lambda each: each.name))


def _tags(external: External) -> Iterator[str]:
    """Yield the tags of its sources that have a tag."""
    texts = (external.image,) if external.image else external.images.values()
    yield from (tag for text in texts if text and (tag := Reference.parse(text).tag))


def select_externals(plan: Plan, names: Sequence[str]) -> tuple[PlannedExternal, ...]:
    """Return the external images with these names, or all of them if no name is given.

    Raises:
        UsageError: there is no external image of this name, or the project has no external images.
    """
    known = {each.name: each for each in plan.external}
    if not known:
        raise UsageError(
            f"{plan.name} has no external images", hint="declare them: Project(external=[External(name=…, image=…)])"
        )
    for name in names:
        if name not in {*known, ALL}:
            raise UsageError(f"no external image is called {name!r}", hint=did_you_mean(name, [*known]))
    return plan.external if not names or ALL in names else tuple(known[name] for name in sorted(set(names)))


def externals_with(plan: Plan, selectors: Sequence[str]) -> tuple[PlannedExternal, ...]:
    """Return all external images if the selectors select all images, otherwise an empty result."""
    return plan.external if not selectors or ALL in selectors else ()
