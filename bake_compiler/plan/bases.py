"""Which bases a project uses, which images use each of them, where, and for which platforms. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from bake_compiler.oci.platform import Platform
from bake_compiler.plan.attributes import merged_map
from bake_compiler.plan.origins import Base, Origins, origins_of
from bake_compiler.plan.paths import URL, inside
from bake_compiler.plan.plan import Plan, PlannedImage

_RAW = "its contexts are raw HCL, to which no pin can be added; write them as a map, or add the digest to the name"


class BaseUse(NamedTuple):
    """One place where an image uses a base.

    Attributes:
        image: the image's name.
        component: the image's component.
        place: `components/web/Dockerfile:3`, or the Dockerfile alone.
        platforms: the platforms for which the base is wanted. Empty if only the builder's own platform counts.
        unpinned: why no lock can pin the base there. Empty if a lock can pin it, or if it needs no pin.
    """

    image: str
    component: str
    place: str
    platforms: tuple[Platform, ...]
    unpinned: str = ""


@dataclass(frozen=True)
class PlanBases:
    """The bases of a whole plan.

    Attributes:
        plan: the project's plan.
        dockerfiles: path from the project's root → text.
    """

    plan: Plan
    dockerfiles: Mapping[str, str]

    @cached_property
    def of(self) -> Mapping[str, Origins]:
        """Image → what it is built from, with the variables' defaults."""
        plan = self.plan
        return {image.name: origins_of(plan, image, self._text(image), plan.defaults) for image in plan.images}

    @cached_property
    def uses(self) -> Mapping[Base, tuple[BaseUse, ...]]:
        """Base → its uses."""
        found: dict[Base, list[BaseUse]] = {}
        for image in self.plan.images:
            for base, line in self.of[image.name].bases.items():
                platforms, why = tuple(wanted_platforms(image, base)), self._unpinned(image, base)
                use = BaseUse(image.name, image.component, place_of(image, line), platforms, why)
                found.setdefault(base, []).append(use)
        return {base: tuple(found[base]) for base in sorted(found)}

    @cached_property
    def named(self) -> frozenset[Base]:
        """The bases that a Dockerfile names itself."""
        return frozenset(base for origins in self.of.values() for base in origins.named)

    def _text(self, image: PlannedImage) -> str:
        return self.dockerfiles.get(path_of(image), "")

    def _unpinned(self, image: PlannedImage, base: Base) -> str:
        if not base.floats:
            return ""
        if base not in self.of[image.name].named:
            return "a named context or `# syntax=` names it, and overrides a pin"
        return _RAW if contexts_of(self.plan, image) is None else ""


def contexts_of(plan: Plan, image: PlannedImage) -> Mapping[str, object] | None:
    """The named contexts of an image. None if they are raw HCL, to which nothing can be added."""
    return merged_map("contexts", plan.common.attributes, image.attributes)


def wanted_platforms(image: PlannedImage, base: Base) -> Iterator[Platform]:
    """Yield the platforms of a base that an image needs.

    Yield nothing if the base is for the builder's own platform.
    """
    if not base.platform:
        yield from image.platforms
    elif "$" not in base.platform:
        try:
            yield Platform.parse(base.platform)
        except ValueError:  # BuildKit refuses it
            return


def path_of(image: PlannedImage) -> str:
    """The path of an image's Dockerfile from the project's root. Empty if it is not a file of the project."""
    context, name = image.text("context"), image.text("dockerfile")
    return inside(context, name) if context and name and URL not in context else ""


def file_of(image: PlannedImage) -> str:
    """The path of the image's Dockerfile from the project's root. If it is not a file of the project: a description."""
    return path_of(image) or f"the Dockerfile of {image.name}"


def place_of(image: PlannedImage, line: int) -> str:
    """The image's Dockerfile, with the line if there is one."""
    return f"{file_of(image)}:{line}" if line else file_of(image)
