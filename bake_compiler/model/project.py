"""The declarations: Project, its components and images, and all that a bake file has beside them."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, PlainValidator

from bake_compiler.model.base import Model
from bake_compiler.model.builder import Builder
from bake_compiler.model.settings import Settings
from bake_compiler.model.texts import (
    ArgName,
    ImageReference,
    InstanceOf,
    MirrorName,
    Name,
    OrExpression,
    PlatformName,
    RegistryName,
    RelativePath,
    TargetName,
    Text,
    Value,
    check_own_repository,
    check_registry,
    check_repository,
)
from bake_compiler.model.values import Expr, Expression
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import check_tag

Version: TypeAlias = tuple[int, int]

_TYPE = re.compile(r"[a-z]*(?:\([a-zA-Z0-9_(){}\[\]=,\"? -]+\))?")
_PLACE = re.compile(r"(\{platform\}|\{arch\})")
_OLDEST: Version = (0, 13)
_FLOOR = re.compile(r">=\s*(\d+)\.(\d+)(?:\.\d+)?")


def _check_floor(text: str) -> str:
    if not _FLOOR.fullmatch(text):
        raise ValueError(f"{text!r} is not a lower bound such as '>=0.13'")
    if _version(text) < _OLDEST:
        raise ValueError(f"{text!r}: 0.13 is the oldest buildx that bakec supports")
    return text


def _version(text: str) -> Version:
    match = _FLOOR.fullmatch(text)
    return (int(match[1]), int(match[2])) if match else _OLDEST


def _check_type(text: str) -> str:
    if not _TYPE.fullmatch(text):
        raise ValueError(f"{text!r} is not a type of HCL, such as string, number, bool, list(string) or map(number)")
    return text


def _check_default(value: object) -> object:
    match value:
        case Expr():
            return value
        case dict():
            return {str(key): _check_default(each) for key, each in value.items()}
        case list() | tuple():
            return tuple(map(_check_default, value))
        case float() if not math.isfinite(value) or float(f"{value:.15f}") != value:
            raise ValueError(f"{value!r} can't be written as a plain number; write it as a text")
        case None | bool() | int() | float() | str():
            return value
        case _:
            raise ValueError(f"{value!r} is not a text, number, true or false, list, map or None")


class Phase(Model):
    """A named step of the build; compiled to a bake group of all its images.

    Attributes:
        name: of the phase and of its group.
        description: a comment beside the group; an attribute of it with buildx 0.16 and later.
        gate: `bakec build` begins its images only when those of all earlier phases have ended, well or not; without it
            an image waits for what it needs, and for nothing else.
    """

    name: Name
    description: Text = ""
    gate: bool = False


class Only(Model):
    """The platforms that an image is built for when they are not all of the project's, and why.

    Attributes:
        platforms: some of the project's.
        reason: why not the others; it is told with each of them that is left out.
    """

    platforms: tuple[PlatformName, ...] = Field(min_length=1)
    reason: Text = Field(min_length=1)


class Requires(Model):
    """A file or folder that a build takes and that is not in the sources: it must be made before.

    `{platform}` in it stands for each platform that is built, `linux/arm64`; `{arch}` for its architecture alone.

    Attributes:
        path: of the file or folder, relative to where the component's `context` is.
        command: that makes it, as it is told to whoever builds: bakec never runs it.
    """

    path: RelativePath
    command: Text = Field(min_length=1)

    def on(self, platform: Platform) -> "Requires":
        """The same for one platform."""
        words = {"{platform}": str(platform), "{arch}": platform.architecture}
        path, command = (
            "".join(words.get(part, part) for part in _PLACE.split(text)) for text in (self.path, self.command)
        )
        return self.model_copy(update={"path": path, "command": command})


class Validation(Model):
    """What a variable's value must fulfil, and what to tell when it does not; buildx 0.19 and later.

    Attributes:
        condition: true when the value is good: `Expr('TAG != ""')`.
        error: what buildx then prints.
    """

    condition: Annotated[Expr, InstanceOf(Expr)]
    error: Text = Field(min_length=1)


class Variable(Model):
    """A variable of the bake file, which its user may set in the environment.

    Attributes:
        name: what `Var` refers to.
        default: a text, number, bool, list, map, or None; an Expr may refer to other variables.
        description: a comment beside it; an attribute of it with buildx 0.16 and later.
        type: HCL's word for it, such as `string` or `list(number)`; buildx 0.24 and later.
        validation: what its value must fulfil.
        example: another value that is valid, as a text: what the drift gate sets it to; made from the default where
            nothing is said.
    """

    name: ArgName
    default: Annotated[object, PlainValidator(_check_default)] = None
    description: Text = ""
    type: Annotated[str, AfterValidator(_check_type)] = ""
    validation: tuple[Annotated[Validation, InstanceOf(Validation)], ...] = ()
    example: Text | None = None


class Function(Model):
    """A function that Expr can call.

    Attributes:
        name: what it is called by.
        params: names of its parameters.
        variadic: name of one more that takes all the rest as a list.
        result: what it gives, in terms of its parameters.
        description: a comment beside it.
    """

    name: ArgName
    params: tuple[ArgName, ...] = ()
    variadic: ArgName | None = None
    result: Annotated[Expr, InstanceOf(Expr)]
    description: Text = ""


class Group(Model):
    """A bake group of your own: images, and other groups.

    Attributes:
        name: of the group.
        members: names of images, phases, variants and other groups.
        description: a comment beside it; an attribute of it with buildx 0.16 and later.
    """

    name: Name
    members: tuple[Text, ...] = Field(min_length=1)
    description: Text = ""


class Target(Settings):
    """An abstract target: settings that images take over with `inherits`; nothing is built of it.

    Attributes:
        name: begins with _.
        description: a comment above it.
        inherits: other abstract targets; the later ones win.
    """

    name: TargetName
    description: Text = ""
    inherits: tuple[Text, ...] = ()


class Change(Settings):
    """What is different about an image in one variant.

    Attributes:
        description, stage, dockerfile, smoke: as in Image.
    """

    description: Text = ""
    stage: Value | None = None
    dockerfile: Annotated[RelativePath | Expression | None, OrExpression()] = None
    smoke: tuple[Text, ...] = ()


class Variant(Settings):
    """A second form of some images, such as dev or a customer's; compiled to a target each and a group of its name.

    An image of a variant has all that the image has, then what the variant says, then what the image's own `variants`
    says for it. Where it needs another image of the same variant, it gets that one. `all` does not build it.

    Attributes:
        name: of the variant; the targets are called IMAGE-NAME.
        images: that it has; those with a Change of their own for it are in it anyway.
        suffix: of the image's public tags; -NAME when nothing is said.
        description: a comment beside the group.
    """

    name: Name
    images: tuple[Text, ...] = ()
    suffix: Text | None = None
    description: Text = ""


class Image(Settings):
    """What a component yields: one bake target and one repository.

    Attributes:
        name: the bake target, and what stands for `{image}` in the project's repository pattern.
        description: one line; a comment in the bake file and the OCI description label.
        stage: the Dockerfile stage to build; None is the last one.
        context, dockerfile, dockerfile_inline: in place of the component's, relative to the same folder.
        platforms: an exception to the component's and the project's platforms.
        inherits: abstract targets; the later ones win.
        matrix: makes one image for each combination of values: variable → values. They are called NAME-VALUE-VALUE.
        variants: what is different in a variant: variant → Change.
        requires: what must be made before the image can be built, besides what its component says.
        smoke: a command that proves that the image works; its output must hold `uname -m`'s word for the platform.
        foreign: where in the image binaries of other architectures are meant, such as `usr/lib/grub/*` or a cross
            compiler's: patterns of paths, in which `*` stands for anything; `bakec verify --deep` leaves them out.
    """

    name: Name
    description: Text = ""
    stage: Value | None = None
    context: Annotated[RelativePath | Expression | None, OrExpression()] = None
    dockerfile: Annotated[RelativePath | Expression | None, OrExpression()] = None
    dockerfile_inline: Value | None = None
    platforms: Annotated[Only, InstanceOf(Only)] | None = None
    inherits: tuple[Text, ...] = ()
    matrix: Mapping[ArgName, tuple[Text, ...]] = Field(default_factory=dict)
    variants: Mapping[Text, Annotated[Change, InstanceOf(Change)]] = Field(default_factory=dict)
    requires: tuple[Annotated[Requires, InstanceOf(Requires)], ...] = ()
    smoke: tuple[Text, ...] = ()
    foreign: tuple[Text, ...] = ()


class Component(Settings):
    """A directory with build inputs and the images made from them; its name is the directory's.

    Attributes:
        phase: the name of one of the project's phases.
        images: at least one.
        description: one line.
        relative_to: what `context` and `dockerfile` are relative to: this component's folder, or the project's root.
        context: the build context: a folder, or the URL of a Git repository or an archive.
        dockerfile: the Dockerfile; relative to `relative_to`, not to the context.
        dockerfile_inline: the text of a Dockerfile in place of one.
        platforms, inherits: as in Image, for all of the component's images.
        requires: what must be made before any of its images can be built.
    """

    phase: Name
    images: tuple[Annotated[Image, InstanceOf(Image)], ...] = Field(min_length=1)
    description: Text = ""
    relative_to: Literal["component", "project"] = "component"
    context: Annotated[RelativePath | Expression, OrExpression()] = "."
    dockerfile: Annotated[RelativePath | Expression, OrExpression()] = "Dockerfile"
    dockerfile_inline: Value | None = None
    platforms: Annotated[Only, InstanceOf(Only)] | None = None
    inherits: tuple[Text, ...] = ()
    requires: tuple[Annotated[Requires, InstanceOf(Requires)], ...] = ()


class External(Model):
    """An image that somebody else makes and the project needs beside its own; `bakec mirror` copies it.

    Attributes:
        name: what it is called here, and what stands for `{image}` in the project's repository pattern.
        image: where its vendor keeps it: HOST/REPOSITORY with a tag, a digest, or both.
        images: in place of that, where the vendor keeps each platform in a repository of its own: platform →
            reference. They are joined into one index.
        repository: in place of the project's pattern; `{image}` may stand in it.
        tag: what it is tagged here; the vendor's own tag when nothing is said.
        platforms: an exception to the project's platforms.
        foreign: as in Image, for `bakec mirror --deep`.
    """

    name: Name
    image: ImageReference | None = None
    images: Mapping[PlatformName, ImageReference] = Field(default_factory=dict)
    repository: Annotated[Text, AfterValidator(check_own_repository)] | None = None
    tag: Annotated[str, AfterValidator(check_tag)] | None = None
    platforms: Annotated[Only, InstanceOf(Only)] | None = None
    foreign: tuple[Text, ...] = ()


class Project(Settings):
    """What all components share; its settings hold for every image.

    Attributes:
        name: the project's name.
        registry: default of REGISTRY: a host, with a port and a path where there is one (`harbor.example/team`).
        also: more registries, each with its path, that every image is pushed to under the same tags. A Var or Join lets
            whoever builds say another one; `--registry` changes the first registry alone.
        repository: the repository of an image under each registry; `{image}` is the image's name.
        tag: default of TAG, the public tag.
        platforms: default of PLATFORMS.
        phases: in their order; an image can't need one of a later phase.
        source_url: URL of the sources, for the OCI label; empty for none.
        buildx: the oldest buildx that the file must work with; what came later is then an error.
        variables: of the bake file, besides bakec's own.
        functions: that an Expr may call.
        groups: of your own, besides those of phases, components and variants.
        targets: abstract ones, for `inherits`.
        variants: second forms of images.
        external: images that somebody else makes, which `bakec mirror` copies into the project's registries.
        protect: patterns of public tags, such as `v*`, that never move once they exist; `*`, `?` and `[…]` are as in a
            shell. A build that would move one ends before anything is built; one that finds the same images there
            already, unchanged, ends well.
        architecture_tags: publish each platform of an image by itself too, under its public tags with the architecture
            at their end: `1.0-amd64`, `1.0-arm-v7`. The bake file has none of them.
        mirrors: where base images are taken from, by the beginning of their names:
            `{"docker.io": "mirror.example/hub"}`; the longest one wins. `bakec lock` verifies that both hold the same.
        builder: where the images are built; `bakec builder up` makes it. The bake file says nothing of it.
    """

    name: Name
    registry: Annotated[Text, AfterValidator(check_registry)]
    also: tuple[RegistryName, ...] = ()
    repository: Annotated[Text, AfterValidator(check_repository)] = "{image}"
    tag: Annotated[str, AfterValidator(check_tag)]
    platforms: tuple[PlatformName, ...] = Field(min_length=1)
    phases: tuple[Annotated[Phase, InstanceOf(Phase)], ...] = Field(min_length=1)
    source_url: Text = ""
    buildx: Annotated[str, AfterValidator(_check_floor)] = ">=0.13"
    variables: tuple[Annotated[Variable, InstanceOf(Variable)], ...] = ()
    functions: tuple[Annotated[Function, InstanceOf(Function)], ...] = ()
    groups: tuple[Annotated[Group, InstanceOf(Group)], ...] = ()
    targets: tuple[Annotated[Target, InstanceOf(Target)], ...] = ()
    variants: tuple[Annotated[Variant, InstanceOf(Variant)], ...] = ()
    external: tuple[Annotated[External, InstanceOf(External)], ...] = ()
    protect: tuple[Text, ...] = ()
    architecture_tags: bool = False
    mirrors: Mapping[MirrorName, MirrorName] = Field(default_factory=dict)
    builder: Annotated[Builder, InstanceOf(Builder)] | None = None

    @property
    def oldest_buildx(self) -> Version:
        """Major and minor version of the oldest buildx that the file must work with."""
        return _version(self.buildx)


@dataclass(frozen=True)
class Stack:
    """A project with its components by name: all that authors declared."""

    project: Project
    components: Mapping[str, Component]
