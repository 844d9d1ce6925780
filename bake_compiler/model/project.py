"""The declarations: Project, its components and images, and everything else in a bake file."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, PlainValidator

from bake_compiler.model.base import Model
from bake_compiler.model.builder import Builder
from bake_compiler.model.lists import ListOf
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
    platforms_of,
)
from bake_compiler.model.values import Expr, Expression
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import check_tag

if TYPE_CHECKING:
    Constant: TypeAlias = "str | bool | int | float | Expr | Sequence[Constant] | Mapping[str, Constant] | None"
else:
    Constant: TypeAlias = object  # at runtime only _check_default checks the value

Version: TypeAlias = tuple[int, int]
THE_PHASE = "images"
"""The name of the phase of a project that declares no phases."""

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
    """A named part of the build. Its images become a group of the bake file."""

    name: Name
    """the name of the phase and of its group."""
    description: Text = ""
    """a comment above the group; with buildx 0.16 and later, the group's description."""
    gate: bool = False
    """whether the images of the phase begin only when all images of the earlier phases have ended, also if some of them
    failed. Without a gate, an image waits only for its needs.
    """


def _one_phase() -> tuple[Phase, ...]:
    return (Phase(name=THE_PHASE),)


class Only(Model):
    """The platforms of an image, if the image is not built for all of the project's platforms, and the reason."""

    platforms: ListOf[PlatformName] = Field(min_length=1)
    """some of the project's platforms."""
    reason: Text = Field(min_length=1)
    """why the other platforms are excluded. bakec prints the reason with each excluded platform."""


class Requires(Model):
    """A file or folder that a build needs and that is not in the sources: someone must make it before the build.

    In both texts, `{platform}` stands for each platform that is built, such as `linux/arm64`, and `{arch}` for its
    architecture.
    """

    path: RelativePath
    """path of the file or folder, relative to the folder of the component's `context`."""
    command: Text = Field(min_length=1)
    """the command that makes the file or folder. bakec prints the command, and never runs it."""

    def on(self, platform: Platform) -> "Requires":
        """Return the same requirement for one platform."""
        words = {"{platform}": str(platform), "{arch}": platform.architecture}
        path, command = (
            "".join(words.get(part, part) for part in _PLACE.split(text)) for text in (self.path, self.command)
        )
        return self.model_copy(update={"path": path, "command": command})


class Validation(Model):
    """A condition on a variable's value, with an error message. Needs buildx 0.19."""

    condition: Annotated[Expr, InstanceOf(Expr)]
    """true if the value is valid: `Expr('TAG != ""')`."""
    error: Text = Field(min_length=1)
    """the message that buildx prints if the value is not valid."""


class Variable(Model):
    """A variable of the bake file. Its value can be set in the environment."""

    name: ArgName
    """the name that `Var` uses."""
    default: Annotated[Constant, PlainValidator(_check_default)] = None
    """a text, number, bool, list, map, or None. An Expr may use other variables."""
    description: Text = ""
    """a comment above the variable; with buildx 0.16 and later, the variable's description."""
    type: Annotated[str, AfterValidator(_check_type)] = ""
    """an HCL type, such as `string` or `list(number)`; needs buildx 0.24."""
    validation: ListOf[Annotated[Validation, InstanceOf(Validation)]] = ()
    """conditions on the value."""
    example: Text | None = None
    """another valid value, as a text. `bakec compile --prove` sets the variable to it.

    Without an example, bakec makes a value from the default.
    """


class Function(Model):
    """A function that an Expr can call."""

    name: ArgName
    """the function's name."""
    params: ListOf[ArgName] = ()
    """the names of its parameters."""
    variadic: ArgName | None = None
    """the name of one more parameter, which is the list of all remaining arguments."""
    result: Annotated[Expr, InstanceOf(Expr)]
    """the result, as an expression of the parameters."""
    description: Text = ""
    """a comment above the function."""


class Group(Model):
    """A group of the bake file that you declare: images, and other groups."""

    name: Name
    """the group's name."""
    members: ListOf[Text] = Field(min_length=1)
    """names of images, phases, variants and other groups."""
    description: Text = ""
    """a comment above the group; with buildx 0.16 and later, the group's description."""


class Target(Settings):
    """An abstract target: settings that images take over with `inherits`. Nothing builds it."""

    name: TargetName
    """the target's name, which begins with _."""
    description: Text = ""
    """a comment above the target."""
    inherits: ListOf[Text] = ()
    """other abstract targets. If two of them set the same field, the later one wins."""


class Change(Settings):
    """What is different for one image in one variant."""

    description: Text = ""
    """as in Image."""
    stage: Value | None = None
    """as in Image."""
    dockerfile: Annotated[RelativePath | Expression | None, OrExpression()] = None
    """as in Image."""
    smoke: ListOf[Text] = ()
    """as in Image."""


class Variant(Settings):
    """A second form of some images, such as dev or a customer's. It becomes a target for each image, and a group.

    An image in a variant has the image's settings, then the variant's settings, then those of its own `variants`. If an
    image needs another image of the variant, it needs that image's form in the variant. `all` does not build variants.
    """

    name: Name
    """the name of the variant and its group. The targets are named IMAGE-NAME."""
    images: ListOf[Text] = ()
    """the images in the variant. An image with a Change for this variant is in it too."""
    suffix: Text | None = None
    """the suffix of the images' public tags. Default: -NAME."""
    description: Text = ""
    """a comment above the group."""


class Image(Settings):
    """An image that a component declares. It has one target and one repository."""

    name: Name
    """the name of the target. `{image}` in the project's repository pattern stands for this name."""
    description: Text = ""
    """one line; a comment in the bake file and the OCI description label."""
    stage: Value | None = None
    """the stage of the Dockerfile; None for the last stage."""
    context: Annotated[RelativePath | Expression | None, OrExpression()] = None
    """instead of the component's context, relative to the same folder."""
    dockerfile: Annotated[RelativePath | Expression | None, OrExpression()] = None
    """instead of the component's Dockerfile, relative to the same folder."""
    dockerfile_inline: Value | None = None
    """the text of a Dockerfile, instead of a file."""
    platforms: Annotated[Only, InstanceOf(Only)] | None = None
    """an exception to the platforms of the component and the project."""
    inherits: ListOf[Text] = ()
    """abstract targets. If two of them set the same field, the later one wins."""
    matrix: Mapping[ArgName, ListOf[Text]] = Field(default_factory=dict)
    """variable → values. Each combination of values is one image, named NAME-VALUE-VALUE."""
    variants: Mapping[Text, Annotated[Change, InstanceOf(Change)]] = Field(default_factory=dict)
    """variant → what is different for this image in the variant."""
    requires: ListOf[Annotated[Requires, InstanceOf(Requires)]] = ()
    """files that must be made before the image can be built, in addition to those of the component."""
    smoke: ListOf[Text] = ()
    """a command that shows that the image works. Its output must contain the platform's name in `uname -m`."""
    foreign: ListOf[Text] = ()
    """patterns of paths in the image where programs of other architectures are intended, such as `usr/lib/grub/*` or a
    cross compiler's; `*` stands for any text. `bakec verify --deep` skips these paths.
    """


class Component(Settings):
    """A folder with build inputs and the images that are built from them. The folder's name is the component's name."""

    phase: Name | None = None
    """the name of one of the project's phases. If the project has only one phase, you may leave it out."""
    images: ListOf[Annotated[Image, InstanceOf(Image)]] = Field(min_length=1)
    """the images, at least one."""
    description: Text = ""
    """one line."""
    relative_to: Literal["component", "project"] = "component"
    """the folder to which `context` and `dockerfile` are relative: the component's folder, or the project's root."""
    context: Annotated[RelativePath | Expression, OrExpression()] = "."
    """the build context: a folder, or the URL of a Git repository or an archive."""
    dockerfile: Annotated[RelativePath | Expression, OrExpression()] = "Dockerfile"
    """the Dockerfile, relative to the folder of `relative_to`.

    If it exists only in the context, it is relative to the context. If both files exist and differ, bakec reports a
    mistake.
    """
    dockerfile_inline: Value | None = None
    """the text of a Dockerfile, instead of a file."""
    platforms: Annotated[Only, InstanceOf(Only)] | None = None
    """an exception to the project's platforms, for all images of the component."""
    inherits: ListOf[Text] = ()
    """abstract targets, for all images of the component."""
    requires: ListOf[Annotated[Requires, InstanceOf(Requires)]] = ()
    """files that must be made before an image of the component can be built."""


class External(Model):
    """An image that someone else builds and that the project needs. `bakec mirror` copies it."""

    name: Name
    """the project's name for the image. `{image}` in the project's repository pattern stands for this name."""
    image: ImageReference | None = None
    """the vendor's reference: HOST/REPOSITORY with a tag, a digest, or both."""
    images: Mapping[PlatformName, ImageReference] = Field(default_factory=dict)
    """platform → reference, instead of `image`, if the vendor has a repository for each platform.

    bakec joins them into one index.
    """
    repository: Annotated[Text, AfterValidator(check_own_repository)] | None = None
    """instead of the project's pattern; it may contain `{image}`."""
    tag: Annotated[str, AfterValidator(check_tag)] | None = None
    """the tag of the copy. Default: the vendor's tag."""
    platforms: Annotated[Only, InstanceOf(Only)] | None = None
    """an exception to the project's platforms."""
    foreign: ListOf[Text] = ()
    """patterns of paths where programs of other architectures are intended, for `bakec mirror --deep`."""

    @property
    def of_platforms(self) -> Mapping[Platform, str]:
        """Return `images` as platform → reference."""
        return dict(zip(platforms_of(self.images), self.images.values(), strict=True))


class Project(Settings):
    """The project: what all components share. Its settings apply to every image."""

    name: Name
    """the project's name."""
    registry: Annotated[Text, AfterValidator(check_registry)]
    """the default of REGISTRY: a host, optionally with a port and a path (`harbor.example/team`)."""
    also: ListOf[RegistryName] = ()
    """more registries, each with its path. Every image is pushed to all of them under the same tags.

    A Var or Join lets the person who builds choose another registry; `--registry` changes only the first registry.
    """
    repository: Annotated[Text, AfterValidator(check_repository)] = "{image}"
    """the repository of an image in each registry; `{image}` is the image's name."""
    tag: Annotated[str, AfterValidator(check_tag)]
    """the default of TAG, the public tag."""
    platforms: ListOf[PlatformName] = Field(min_length=1)
    """the default of PLATFORMS."""
    phases: ListOf[Annotated[Phase, InstanceOf(Phase)]] = Field(default_factory=_one_phase, min_length=1)
    """the phases, in order. An image can't need an image of a later phase.

    Default: one phase with the name `images`.
    """
    source_url: Text = ""
    """URL of the sources, for the OCI label; empty for no label."""
    buildx: Annotated[str, AfterValidator(_check_floor)] = ">=0.13"
    """the oldest buildx that the bake file must work with. A field that needs a later buildx is then an error."""
    variables: ListOf[Annotated[Variable, InstanceOf(Variable)]] = ()
    """variables of the bake file, in addition to bakec's own."""
    functions: ListOf[Annotated[Function, InstanceOf(Function)]] = ()
    """functions that an Expr may call."""
    groups: ListOf[Annotated[Group, InstanceOf(Group)]] = ()
    """your own groups, in addition to those of phases, components and variants."""
    targets: ListOf[Annotated[Target, InstanceOf(Target)]] = ()
    """abstract targets, for `inherits`."""
    variants: ListOf[Annotated[Variant, InstanceOf(Variant)]] = ()
    """second forms of some images."""
    external: ListOf[Annotated[External, InstanceOf(External)]] = ()
    """images that someone else builds, and that `bakec mirror` copies into the project's registries."""
    protect: ListOf[Text] = ()
    """patterns of public tags that never move once they exist, such as `v*`; `*`, `?` and `[…]` work as in a shell.

    A build that would move such a tag ends before it builds anything. A build whose images are the same as the existing
    ones succeeds.
    """
    architecture_tags: bool = False
    """whether each platform of an image is also published by itself, under the public tags with the architecture at the
    end: `1.0-amd64`, `1.0-arm-v7`. The bake file does not contain these tags.
    """
    mirrors: Mapping[MirrorName, MirrorName] = Field(default_factory=dict)
    """the beginning of base images' names → mirror: `{"docker.io": "mirror.example/hub"}`; the longest match wins.

    `bakec lock` verifies that the registry and the mirror have the same image.
    """
    builder: Annotated[Builder, InstanceOf(Builder)] | None = None
    """the builder of the images, which `bakec builder up` creates. The bake file does not mention the builder."""

    @property
    def oldest_buildx(self) -> Version:
        """The major and minor version of the oldest buildx that the bake file must work with."""
        return _version(self.buildx)


@dataclass(frozen=True)
class Stack:
    """A project with its components by name: everything that authors declare."""

    project: Project
    components: Mapping[str, Component]
