"""The intermediate representation: every target, image and group with all its settings, before any HCL exists."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from bake_compiler.errors import Problem
from bake_compiler.model.base import Source
from bake_compiler.model.builder import Builder
from bake_compiler.model.project import Function, Requires, Variable, Version
from bake_compiler.model.settings import Settings
from bake_compiler.model.values import THE_REGISTRY, Value
from bake_compiler.oci.architecture import architecture_tag
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.plan.attributes import Attributes
from bake_compiler.plan.evaluate import evaluate

COMMON = "_common"


@dataclass(frozen=True, order=True)
class Cell:
    """One image on one platform. Each cell of a run has one outcome."""

    image: str
    platform: Platform

    def __str__(self) -> str:
        return f"{self.image} {self.platform}"


@dataclass(frozen=True, slots=True)
class PlannedTarget:
    """One target block of the bake file: its own attributes, and the targets that it inherits.

    Attributes:
        name: the block's name.
        description: one line; may be empty.
        inherits: names of other targets. A later target wins over an earlier one.
        attributes: target attribute → value, in the order in which they are written.
        matrix: variable → values, if the block makes several targets.
        target_name: the expression for the name of each target. None without a matrix.
        notes: attribute → a comment above it.
        origin: the file of the model that declares it, from the project's root.
    """

    name: str
    description: str
    inherits: tuple[str, ...]
    attributes: Attributes
    matrix: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    target_name: Value | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    origin: str = ""


@dataclass(frozen=True, slots=True)
class PlannedImage:
    """One image: a bake target whose settings are all known.

    Attributes:
        name: the target's name.
        component: the name of its component.
        phase: the name of its phase.
        variant: the name of its variant. Empty if the image is not a variant.
        description: one line; may be empty.
        repository: path under each registry, such as `ai-infra-nginx`.
        tags: its public tags, which may contain TAG and other variables; at least one.
        block: the target block that makes it.
        matrix: variable → the value of the block's matrix for this image.
        attributes: the block's attributes with all inherited ones, except those that all images share.
        needs: the images to which its named contexts link, sorted.
        platforms: the platforms for which it is built by default, sorted.
        only_reason: why its platforms are not the project's. Empty if they are.
        smoke: a command that shows that the image works; may be empty.
        foreign: patterns of paths at which binaries for other architectures are intended.
        requires: what must be made before the image can be built, with paths from the project's root.
        also: further registries to which the image is pushed, besides REGISTRY.
        architecture_tags: whether each of its platforms has public tags of its own.
        models: the author's declarations for the image, the most specific first.
    """

    name: str
    component: str
    phase: str
    variant: str
    description: str
    repository: str
    tags: tuple[Value, ...]
    block: PlannedTarget
    matrix: Mapping[str, str]
    attributes: Attributes
    needs: tuple[str, ...]
    platforms: tuple[Platform, ...]
    only_reason: str
    smoke: tuple[str, ...]
    foreign: tuple[str, ...] = ()
    requires: tuple[Requires, ...] = ()
    also: tuple[Value, ...] = ()
    architecture_tags: bool = False
    models: tuple[Settings, ...] = ()

    def references(self, variables: Mapping[str, object]) -> tuple[Reference, ...]:
        """Its public references: all tags in REGISTRY, then all tags in the further registries.

        Raises:
            ValueError: with these variables, a tag or a reference is not valid.
        """
        known = {**variables, **self.matrix}
        registries = [str(evaluate(each, known)).rstrip("/") for each in (THE_REGISTRY, *self.also)]
        texts = [evaluate(tag, known) for tag in self.tags]
        return tuple(
            dict.fromkeys(
                Reference.parse(f"{registry}/{self.repository}:{text}") for registry in registries for text in texts
            )
        )

    def architecture_references(self, variables: Mapping[str, object]) -> Mapping[Reference, Platform]:
        """Public reference → platform, for tags of single platforms. Empty if the project does not ask for such tags.

        Raises:
            ValueError: with these variables, one of the references is not valid.
        """
        tags = self.references(variables) if self.architecture_tags else ()
        return {architecture_tag(tag, platform): platform for tag in tags for platform in self.platforms}

    @property
    def secret_variables(self) -> frozenset[str]:
        """The environment variables from which its secrets are read."""
        said = (model.secret for model in self.models if isinstance(model.secret, tuple))
        secrets = (secret for secrets in said for secret in secrets)
        return frozenset(secret.env or secret.id for secret in secrets if secret.src is None)

    def text(self, attribute: str) -> str | None:
        """An attribute that is a plain text. None if it is not set, or if it is an expression."""
        value = self.attributes.get(attribute)
        return value if isinstance(value, str) else None

    def place(self, field: str, key: str = "") -> tuple[Source, str]:
        """Where the author set a field: the declaration's source, and the field, with the key if it is a map."""
        for model in self.models:
            if field in model.model_fields_set:
                said = getattr(model, field)
                if not key or (isinstance(said, Mapping | Sequence) and key in said):
                    return model.source, f"{field}.{key}" if key and isinstance(said, Mapping) else field
        return self.models[0].source if self.models else Source(), field


@dataclass(frozen=True)
class PlannedExternal:
    """An external image, as it must be in the project's registries.

    Attributes:
        name: the image's name.
        source: the vendor's reference of the image. None if each platform has a reference of its own.
        sources: platform → the vendor's reference, if each platform has its own.
        repository: path under each registry.
        tag: its tag in the project's registries.
        platforms: the platforms that it must have, sorted.
        only_reason: why its platforms are not the project's. Empty if they are.
        foreign: patterns of paths at which binaries for other architectures are intended.
        also: further registries to which it is copied, besides REGISTRY.
        model: the place of the author's declaration.
    """

    name: str
    source: Reference | None
    sources: Mapping[Platform, Reference]
    repository: str
    tag: str
    platforms: tuple[Platform, ...]
    only_reason: str = ""
    foreign: tuple[str, ...] = ()
    also: tuple[Value, ...] = ()
    model: Source = field(default_factory=Source)

    @property
    def taken(self) -> tuple[tuple[Reference, tuple[Platform, ...]], ...]:
        """Each reference of the vendor, and the platforms that are wanted from it."""
        if self.source:
            return ((self.source, self.platforms),)
        return tuple((reference, (platform,)) for platform, reference in sorted(self.sources.items()))

    @property
    def places(self) -> tuple[Reference, ...]:
        """The vendor's references: one, or one for each platform."""
        return tuple(reference for reference, _ in self.taken)

    def references(self, variables: Mapping[str, object]) -> tuple[Reference, ...]:
        """Its references in REGISTRY, then in the further registries.

        Raises:
            ValueError: with these variables, one of the references is not valid.
        """
        registries = (str(evaluate(each, variables)).rstrip("/") for each in (THE_REGISTRY, *self.also))
        return tuple(dict.fromkeys(Reference.parse(f"{each}/{self.repository}:{self.tag}") for each in registries))


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
        variables: bakec's own, then the project's, sorted by name.
        functions: the project's functions.
        oldest_buildx: the oldest buildx that can read its bake file.
        platforms: the default of PLATFORMS.
        phases: names in the author's order.
        gates: the phases that are gates.
        default: the members of bake's default group.
        groups: groups of phases in order, then of components, of variants, and the author's own, each by name.
        common: the abstract target that all images share.
        abstracts: the author's abstract targets, by name.
        images: sorted by phase, component and name. A variant follows the image that it changes.
        protect: patterns of public tags that never move once they exist.
        external: external images that are mirrored, by name.
        mirrors: beginning of a base image's name → what replaces it.
        unlocked: what the project uses and its lock does not have. Empty if there is no lock.
        builder: where its images are built. None if the project does not say.
    """

    name: str
    variables: tuple[Variable, ...]
    functions: tuple[Function, ...]
    oldest_buildx: Version
    platforms: tuple[Platform, ...]
    phases: tuple[str, ...]
    gates: frozenset[str]
    default: tuple[str, ...]
    groups: tuple[PlannedGroup, ...]
    common: PlannedTarget
    abstracts: tuple[PlannedTarget, ...]
    images: tuple[PlannedImage, ...]
    protect: tuple[str, ...] = ()
    external: tuple[PlannedExternal, ...] = ()
    mirrors: Mapping[str, str] = field(default_factory=dict)
    unlocked: tuple[Problem, ...] = ()
    builder: Builder | None = None

    @cached_property
    def by_name(self) -> Mapping[str, PlannedImage]:
        """Name → image."""
        return {image.name: image for image in self.images}

    @cached_property
    def defaults(self) -> Mapping[str, object]:
        """Variable → its default."""
        return {
            variable.name: variable.default for variable in reversed(self.variables)
        }  # if two have the same name, bakec's own counts

    def image(self, name: str) -> PlannedImage:
        """The image of this name. KeyError if there is no such image."""
        return self.by_name[name]

    def blocks(self, phase: str) -> Iterator[PlannedTarget]:
        """Yield the target blocks of a phase, in order."""
        yield from self._blocks.get(phase, ())

    @cached_property
    def _blocks(self) -> Mapping[str, list[PlannedTarget]]:
        blocks: dict[str, dict[str, PlannedTarget]] = {}
        for image in self.images:
            blocks.setdefault(image.phase, {}).setdefault(image.block.name, image.block)
        return {phase: list(targets.values()) for phase, targets in blocks.items()}


@dataclass(frozen=True)
class Exclusion:
    """A cell that the author excluded, and the reason."""

    cell: Cell
    reason: str


@dataclass(frozen=True)
class Wanted:
    """What one run is about: images with their wanted platforms, and the values of the variables.

    Attributes:
        variables: the values of all variables in this run, including REGISTRY and TAG.
        given: the texts of the variables that were set for this run.
        images: in the plan's order. Images without a wanted platform are left out.
        excluded: the cells that were asked for and that their author excluded.
    """

    variables: Mapping[str, object]
    given: Mapping[str, str]
    images: tuple[PlannedImage, ...]
    excluded: tuple[Exclusion, ...]

    @property
    def registry(self) -> str:
        """The registry to which images are pushed."""
        return str(self.variables["REGISTRY"])

    @property
    def tag(self) -> str:
        """The public tag."""
        return str(self.variables["TAG"])

    @cached_property
    def names(self) -> frozenset[str]:
        """The images' names."""
        return frozenset(image.name for image in self.images)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell that must end built and verified: images x platforms, known before the build."""
        return tuple(Cell(image.name, platform) for image in self.images for platform in image.platforms)

    def references(self, image: PlannedImage) -> tuple[Reference, ...]:
        """The public references of an image in this run. The first one is used for the image in reports."""
        return image.references(self.variables)

    def architecture_references(self, image: PlannedImage) -> Mapping[Reference, Platform]:
        """Public reference → platform, for tags of single platforms."""
        return image.architecture_references(self.variables)

    def reference(self, image: PlannedImage) -> Reference:
        """The first public reference of an image."""
        return self.references(image)[0]


def on_platforms(image: PlannedImage, platforms: tuple[Platform, ...]) -> PlannedImage:
    """The same image, with only those of its platforms that are in `platforms`."""
    kept = tuple(platform for platform in image.platforms if platform in platforms)
    return image if kept == image.platforms else replace(image, platforms=kept)
