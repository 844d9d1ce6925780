"""The intermediate representation: every image with all of its build settled, before HCL exists."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference


@dataclass(frozen=True, order=True)
class Cell:
    """One image on one platform: the unit of accounting."""

    image: str
    platform: Platform

    def __str__(self) -> str:
        return f"{self.image} {self.platform}"


@dataclass(frozen=True)
class PlannedImage:
    """One bake target with nothing left to decide.

    Attributes:
        name: target name.
        component: its component's name.
        phase: its phase's name.
        description: one line, may be empty.
        repository: path under the registry, such as `ai-infra-nginx`.
        context: build context, relative to the project's root, `/`-separated.
        dockerfile: relative to the context, as bake wants it.
        stage: Dockerfile stage; None is the last.
        args, labels: sorted by name.
        contexts: named contexts, name → where it comes from (`target:NAME`).
        needs: the images behind those contexts, sorted.
        platforms: that it is built for when nothing is asked for on the command line, sorted.
        only_reason: why these are not the project's platforms; empty when they are.
        smoke: a command that proves that it works; may be empty.
    """

    name: str
    component: str
    phase: str
    description: str
    repository: str
    context: str
    dockerfile: str
    stage: str | None
    args: Mapping[str, str]
    labels: Mapping[str, str]
    contexts: Mapping[str, str]
    needs: tuple[str, ...]
    platforms: tuple[Platform, ...]
    only_reason: str
    smoke: tuple[str, ...]

    def reference(self, registry: str, tag: str) -> Reference:
        """Where this image is in a registry (which may carry a path), under a tag."""
        return Reference.parse(f"{registry.rstrip('/')}/{self.repository}:{tag}")


@dataclass(frozen=True)
class PlannedGroup:
    """A bake group: a name for several targets or groups, in order."""

    name: str
    description: str
    targets: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """A whole project, ready to be written as HCL or built.

    Attributes:
        name: the project's name.
        registry, tag, platforms: defaults of the variables REGISTRY, TAG and PLATFORMS.
        source_url: for the OCI label; may be empty.
        labels: of every image, sorted by name.
        phases: names in the author's order.
        groups: phase groups in order, then component groups by name.
        images: in order of phase, then component, then name.
    """

    name: str
    registry: str
    tag: str
    platforms: tuple[Platform, ...]
    source_url: str
    labels: Mapping[str, str]
    phases: tuple[str, ...]
    groups: tuple[PlannedGroup, ...]
    images: tuple[PlannedImage, ...]

    def image(self, name: str) -> PlannedImage:
        """The image of this name; KeyError if there is none."""
        return next(image for image in self.images if image.name == name)


@dataclass(frozen=True)
class Exclusion:
    """A cell that nobody is to expect, with the reason that its author declared."""

    cell: Cell
    reason: str


@dataclass(frozen=True)
class Wanted:
    """What one run is about: images, each with the platforms wanted of it, where, and under which tag.

    Attributes:
        images: in plan order; those left with no platform are not in it.
        excluded: the cells that were asked for and that their author excluded.
    """

    registry: str
    tag: str
    images: tuple[PlannedImage, ...]
    excluded: tuple[Exclusion, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell that must end built and verified: images x platforms, known before anything is built."""
        return tuple(Cell(image.name, platform) for image in self.images for platform in image.platforms)

    def reference(self, image: PlannedImage) -> Reference:
        """The public reference of an image in this run."""
        return image.reference(self.registry, self.tag)


def on_platforms(image: PlannedImage, platforms: tuple[Platform, ...]) -> PlannedImage:
    """The same image, for those of its platforms that are among `platforms`."""
    return replace(image, platforms=tuple(platform for platform in image.platforms if platform in platforms))
