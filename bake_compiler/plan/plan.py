"""The intermediate representation: every target, image and group with all of its build settled, before HCL exists."""

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
    """One image on one platform: the unit of accounting."""

    image: str
    platform: Platform

    def __str__(self) -> str:
        return f"{self.image} {self.platform}"


@dataclass(frozen=True, slots=True)
class PlannedTarget:
    """One target block of the bake file: what it says itself, on top of what it inherits.

    Attributes:
        name: of the block.
        description: one line, may be empty.
        inherits: names of other targets, the later ones win.
        attributes: target attribute → value, in the order in which they are written.
        matrix: variable → values, for a block that stands for several targets.
        target_name: the name of each of them; None without a matrix.
        notes: attribute → a comment above it.
        origin: the model file that declares it, from the project's root.
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
    """One image: a bake target with nothing left to decide.

    Attributes:
        name: target name.
        component: its component's name.
        phase: its phase's name.
        variant: the variant that it belongs to; empty for none.
        description: one line, may be empty.
        repository: path under each registry, such as `ai-infra-nginx`.
        tags: its public tags, in terms of TAG and other variables; at least one.
        block: the target block that makes it.
        matrix: the values of the block's matrix that make it this image.
        attributes: target attributes of the block with all that it inherits, but for what all images share.
        needs: the images behind its named contexts, sorted.
        platforms: that it is built for when nothing is asked for on the command line, sorted.
        only_reason: why these are not the project's platforms; empty when they are.
        smoke: a command that proves that it works; may be empty.
        foreign: patterns of paths at which other architectures' binaries are meant.
        requires: what must be made before it can be built, with paths from the project's root.
        also: more registries that it is pushed to, besides REGISTRY.
        architecture_tags: whether each of its platforms has public tags of its own.
        models: the author's declarations behind it, the most specific first.
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
        """Its public references: each of its tags in the registry REGISTRY, which may carry a path, then in the others.

        Raises:
            ValueError: with these variables a tag or a reference is none.
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
        """The public references of its platforms alone; none where the project does not ask for them.

        Raises:
            ValueError: with these variables one of them is none.
        """
        tags = self.references(variables) if self.architecture_tags else ()
        return {architecture_tag(tag, platform): platform for tag in tags for platform in self.platforms}

    @property
    def secret_variables(self) -> frozenset[str]:
        """The environment variables that its secrets are read from."""
        said = (model.secret for model in self.models if isinstance(model.secret, tuple))
        secrets = (secret for secrets in said for secret in secrets)
        return frozenset(secret.env or secret.id for secret in secrets if secret.src is None)

    def text(self, attribute: str) -> str | None:
        """An attribute that is a plain text; None when nothing is said, or by an expression."""
        value = self.attributes.get(attribute)
        return value if isinstance(value, str) else None

    def place(self, field: str, key: str = "") -> tuple[Source, str]:
        """Where its author said something: the declaration's source, and the field in it, with the key of a map."""
        for model in self.models:
            if field in model.model_fields_set:
                said = getattr(model, field)
                if not key or (isinstance(said, Mapping | Sequence) and key in said):
                    return model.source, f"{field}.{key}" if key and isinstance(said, Mapping) else field
        return self.models[0].source if self.models else Source(), field


@dataclass(frozen=True)
class PlannedExternal:
    """An image of somebody else, as it is to be in the project's registries.

    Attributes:
        name: of the image.
        source: where its vendor keeps it; None if each platform is kept apart.
        sources: platform → where that is kept, in that case.
        repository: path under each registry.
        tag: its tag there.
        platforms: that it must have, sorted.
        only_reason: why these are not the project's platforms; empty when they are.
        foreign: patterns of paths at which other architectures' binaries are meant.
        also: more registries that it is copied to, besides REGISTRY.
        model: the author's declaration behind it.
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
        """Each place where its vendor keeps it, and the platforms that are wanted of it there."""
        if self.source:
            return ((self.source, self.platforms),)
        return tuple((reference, (platform,)) for platform, reference in sorted(self.sources.items()))

    @property
    def places(self) -> tuple[Reference, ...]:
        """Where its vendor keeps it: one place, or one a platform."""
        return tuple(reference for reference, _ in self.taken)

    def references(self, variables: Mapping[str, object]) -> tuple[Reference, ...]:
        """Its references in the registry REGISTRY, then in the others.

        Raises:
            ValueError: with these variables one of them is none.
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
        variables: bakec's own, then the project's, by name in order of declaration.
        functions: the project's.
        oldest_buildx: that its file works with.
        platforms: default of PLATFORMS.
        phases: names in the author's order.
        gates: those whose images wait until all of the earlier phases have ended.
        default: what bake's default group has.
        groups: phase groups in order, then component groups, variants, and the author's own, by name.
        common: the abstract target of what all images share.
        abstracts: the author's abstract targets, by name.
        images: in order of phase, then component, then name, a variant's after the image that it varies.
        protect: patterns of public tags that never move once they exist.
        external: images of others that are mirrored, by name.
        mirrors: beginning of a base image's name → what stands in its place.
        unlocked: what the project takes and its lock does not know; none where there is no lock.
        builder: where its images are built; None where the project does not say.
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
        """The images by name."""
        return {image.name: image for image in self.images}

    @cached_property
    def defaults(self) -> Mapping[str, object]:
        """The variables' defaults by name."""
        return {variable.name: variable.default for variable in reversed(self.variables)}  # of two, bakec's own counts

    def image(self, name: str) -> PlannedImage:
        """The image of this name; KeyError if there is none."""
        return self.by_name[name]

    def blocks(self, phase: str) -> Iterator[PlannedTarget]:
        """The target blocks of a phase, in order."""
        yield from self._blocks.get(phase, ())

    @cached_property
    def _blocks(self) -> Mapping[str, list[PlannedTarget]]:
        blocks: dict[str, dict[str, PlannedTarget]] = {}
        for image in self.images:
            blocks.setdefault(image.phase, {}).setdefault(image.block.name, image.block)
        return {phase: list(targets.values()) for phase, targets in blocks.items()}


@dataclass(frozen=True)
class Exclusion:
    """A cell that nobody is to expect, with the reason that its author declared."""

    cell: Cell
    reason: str


@dataclass(frozen=True)
class Wanted:
    """What one run is about: images, each with the platforms wanted of it, and the variables that say where.

    Attributes:
        variables: the values of all variables in this run, REGISTRY and TAG among them.
        given: the texts of those that were set for this run alone.
        images: in plan order; those left with no platform are not in it.
        excluded: the cells that were asked for and that their author excluded.
    """

    variables: Mapping[str, object]
    given: Mapping[str, str]
    images: tuple[PlannedImage, ...]
    excluded: tuple[Exclusion, ...]

    @property
    def registry(self) -> str:
        """Where images go."""
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
        """Every cell that must end built and verified: images x platforms, known before anything is built."""
        return tuple(Cell(image.name, platform) for image in self.images for platform in image.platforms)

    def references(self, image: PlannedImage) -> tuple[Reference, ...]:
        """The public references of an image in this run; the first one stands for it in reports."""
        return image.references(self.variables)

    def architecture_references(self, image: PlannedImage) -> Mapping[Reference, Platform]:
        """Those of its platforms alone."""
        return image.architecture_references(self.variables)

    def reference(self, image: PlannedImage) -> Reference:
        """The first of them."""
        return self.references(image)[0]


def on_platforms(image: PlannedImage, platforms: tuple[Platform, ...]) -> PlannedImage:
    """The same image, for those of its platforms that are among `platforms`."""
    kept = tuple(platform for platform in image.platforms if platform in platforms)
    return image if kept == image.platforms else replace(image, platforms=kept)
