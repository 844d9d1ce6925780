"""The declarations: Project, its components and images, and all that a bake file has beside them."""

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
    Constant: TypeAlias = object  # _check_default is all that runs

Version: TypeAlias = tuple[int, int]
THE_PHASE = "images"
"""What the phase of a project is called that names none."""

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
    """A named step of the build; compiled to a bake group of all its images."""

    name: Name
    """of the phase and of its group."""
    description: Text = ""
    """a comment beside the group; an attribute of it with buildx 0.16 and later."""
    gate: bool = False
    """`bakec build` begins its images only when those of all earlier phases have ended, well or not; without it an
    image waits for what it needs, and for nothing else.
    """


def _one_phase() -> tuple[Phase, ...]:
    return (Phase(name=THE_PHASE),)


class Only(Model):
    """The platforms that an image is built for when they are not all of the project's, and why."""

    platforms: ListOf[PlatformName] = Field(min_length=1)
    """some of the project's."""
    reason: Text = Field(min_length=1)
    """why not the others; it is told with each of them that is left out."""


class Requires(Model):
    """A file or folder that a build takes and that is not in the sources: it must be made before.

    `{platform}` in it stands for each platform that is built, `linux/arm64`; `{arch}` for its architecture alone.
    """

    path: RelativePath
    """of the file or folder, relative to where the component's `context` is."""
    command: Text = Field(min_length=1)
    """that makes it, as it is told to whoever builds: bakec never runs it."""

    def on(self, platform: Platform) -> "Requires":
        """The same for one platform."""
        words = {"{platform}": str(platform), "{arch}": platform.architecture}
        path, command = (
            "".join(words.get(part, part) for part in _PLACE.split(text)) for text in (self.path, self.command)
        )
        return self.model_copy(update={"path": path, "command": command})


class Validation(Model):
    """What a variable's value must fulfil, and what to tell when it does not; buildx 0.19 and later."""

    condition: Annotated[Expr, InstanceOf(Expr)]
    """true when the value is good: `Expr('TAG != ""')`."""
    error: Text = Field(min_length=1)
    """what buildx then prints."""


class Variable(Model):
    """A variable of the bake file, which its user may set in the environment."""

    name: ArgName
    """what `Var` refers to."""
    default: Annotated[Constant, PlainValidator(_check_default)] = None
    """a text, number, bool, list, map, or None; an Expr may refer to other variables."""
    description: Text = ""
    """a comment beside it; an attribute of it with buildx 0.16 and later."""
    type: Annotated[str, AfterValidator(_check_type)] = ""
    """HCL's word for it, such as `string` or `list(number)`; buildx 0.24 and later."""
    validation: ListOf[Annotated[Validation, InstanceOf(Validation)]] = ()
    """what its value must fulfil."""
    example: Text | None = None
    """another value that is valid, as a text: what the drift gate sets it to; made from the default where nothing
    is said.
    """


class Function(Model):
    """A function that Expr can call."""

    name: ArgName
    """what it is called by."""
    params: ListOf[ArgName] = ()
    """names of its parameters."""
    variadic: ArgName | None = None
    """name of one more that takes all the rest as a list."""
    result: Annotated[Expr, InstanceOf(Expr)]
    """what it gives, in terms of its parameters."""
    description: Text = ""
    """a comment beside it."""


class Group(Model):
    """A bake group of your own: images, and other groups."""

    name: Name
    """of the group."""
    members: ListOf[Text] = Field(min_length=1)
    """names of images, phases, variants and other groups."""
    description: Text = ""
    """a comment beside it; an attribute of it with buildx 0.16 and later."""


class Target(Settings):
    """An abstract target: settings that images take over with `inherits`; nothing is built of it."""

    name: TargetName
    """begins with _."""
    description: Text = ""
    """a comment above it."""
    inherits: ListOf[Text] = ()
    """other abstract targets; the later ones win."""


class Change(Settings):
    """What is different about an image in one variant."""

    description: Text = ""
    """as in Image."""
    stage: Value | None = None
    """as in Image."""
    dockerfile: Annotated[RelativePath | Expression | None, OrExpression()] = None
    """as in Image."""
    smoke: ListOf[Text] = ()
    """as in Image."""


class Variant(Settings):
    """A second form of some images, such as dev or a customer's; compiled to a target each and a group of its name.

    An image of a variant has all that the image has, then what the variant says, then what the image's own `variants`
    says for it. Where it needs another image of the same variant, it gets that one. `all` does not build it.
    """

    name: Name
    """of the variant; the targets are called IMAGE-NAME."""
    images: ListOf[Text] = ()
    """that it has; those with a Change of their own for it are in it anyway."""
    suffix: Text | None = None
    """of the image's public tags; -NAME when nothing is said."""
    description: Text = ""
    """a comment beside the group."""


class Image(Settings):
    """What a component yields: one bake target and one repository."""

    name: Name
    """the bake target, and what stands for `{image}` in the project's repository pattern."""
    description: Text = ""
    """one line; a comment in the bake file and the OCI description label."""
    stage: Value | None = None
    """the Dockerfile stage to build; None is the last one."""
    context: Annotated[RelativePath | Expression | None, OrExpression()] = None
    """in place of the component's, relative to the same folder."""
    dockerfile: Annotated[RelativePath | Expression | None, OrExpression()] = None
    """in place of the component's, relative to the same folder."""
    dockerfile_inline: Value | None = None
    """in place of the component's, relative to the same folder."""
    platforms: Annotated[Only, InstanceOf(Only)] | None = None
    """an exception to the component's and the project's platforms."""
    inherits: ListOf[Text] = ()
    """abstract targets; the later ones win."""
    matrix: Mapping[ArgName, ListOf[Text]] = Field(default_factory=dict)
    """makes one image for each combination of values: variable → values. They are called NAME-VALUE-VALUE."""
    variants: Mapping[Text, Annotated[Change, InstanceOf(Change)]] = Field(default_factory=dict)
    """what is different in a variant: variant → Change."""
    requires: ListOf[Annotated[Requires, InstanceOf(Requires)]] = ()
    """what must be made before the image can be built, besides what its component says."""
    smoke: ListOf[Text] = ()
    """a command that proves that the image works; its output must hold `uname -m`'s word for the platform."""
    foreign: ListOf[Text] = ()
    """where in the image binaries of other architectures are meant, such as `usr/lib/grub/*` or a cross compiler's:
    patterns of paths, in which `*` stands for anything; `bakec verify --deep` leaves them out.
    """


class Component(Settings):
    """A directory with build inputs and the images made from them; its name is the directory's."""

    phase: Name | None = None
    """the name of one of the project's phases; it may be left out where the project has one phase."""
    images: ListOf[Annotated[Image, InstanceOf(Image)]] = Field(min_length=1)
    """at least one."""
    description: Text = ""
    """one line."""
    relative_to: Literal["component", "project"] = "component"
    """what `context` and `dockerfile` are relative to: this component's folder, or the project's root."""
    context: Annotated[RelativePath | Expression, OrExpression()] = "."
    """the build context: a folder, or the URL of a Git repository or an archive."""
    dockerfile: Annotated[RelativePath | Expression, OrExpression()] = "Dockerfile"
    """the Dockerfile, relative to the folder of `relative_to`, or to the context if it exists only there. If both exist
    and differ, that is a mistake.
    """
    dockerfile_inline: Value | None = None
    """the text of a Dockerfile in place of one."""
    platforms: Annotated[Only, InstanceOf(Only)] | None = None
    """as in Image, for all of the component's images."""
    inherits: ListOf[Text] = ()
    """as in Image, for all of the component's images."""
    requires: ListOf[Annotated[Requires, InstanceOf(Requires)]] = ()
    """what must be made before any of its images can be built."""


class External(Model):
    """An image that somebody else makes and the project needs beside its own; `bakec mirror` copies it."""

    name: Name
    """what it is called here, and what stands for `{image}` in the project's repository pattern."""
    image: ImageReference | None = None
    """where its vendor keeps it: HOST/REPOSITORY with a tag, a digest, or both."""
    images: Mapping[PlatformName, ImageReference] = Field(default_factory=dict)
    """in place of that, where the vendor keeps each platform in a repository of its own: platform → reference. They
    are joined into one index.
    """
    repository: Annotated[Text, AfterValidator(check_own_repository)] | None = None
    """in place of the project's pattern; `{image}` may stand in it."""
    tag: Annotated[str, AfterValidator(check_tag)] | None = None
    """what it is tagged here; the vendor's own tag when nothing is said."""
    platforms: Annotated[Only, InstanceOf(Only)] | None = None
    """an exception to the project's platforms."""
    foreign: ListOf[Text] = ()
    """as in Image, for `bakec mirror --deep`."""

    @property
    def of_platforms(self) -> Mapping[Platform, str]:
        """`images`, platform → reference."""
        return dict(zip(platforms_of(self.images), self.images.values(), strict=True))


class Project(Settings):
    """What all components share; its settings hold for every image."""

    name: Name
    """the project's name."""
    registry: Annotated[Text, AfterValidator(check_registry)]
    """default of REGISTRY: a host, with a port and a path where there is one (`harbor.example/team`)."""
    also: ListOf[RegistryName] = ()
    """more registries, each with its path, that every image is pushed to under the same tags. A Var or Join lets
    whoever builds say another one; `--registry` changes the first registry alone.
    """
    repository: Annotated[Text, AfterValidator(check_repository)] = "{image}"
    """the repository of an image under each registry; `{image}` is the image's name."""
    tag: Annotated[str, AfterValidator(check_tag)]
    """default of TAG, the public tag."""
    platforms: ListOf[PlatformName] = Field(min_length=1)
    """default of PLATFORMS."""
    phases: ListOf[Annotated[Phase, InstanceOf(Phase)]] = Field(default_factory=_one_phase, min_length=1)
    """in their order; an image can't need one of a later phase. Without it there is one phase, called `images`."""
    source_url: Text = ""
    """URL of the sources, for the OCI label; empty for none."""
    buildx: Annotated[str, AfterValidator(_check_floor)] = ">=0.13"
    """the oldest buildx that the file must work with; what came later is then an error."""
    variables: ListOf[Annotated[Variable, InstanceOf(Variable)]] = ()
    """of the bake file, besides bakec's own."""
    functions: ListOf[Annotated[Function, InstanceOf(Function)]] = ()
    """that an Expr may call."""
    groups: ListOf[Annotated[Group, InstanceOf(Group)]] = ()
    """of your own, besides those of phases, components and variants."""
    targets: ListOf[Annotated[Target, InstanceOf(Target)]] = ()
    """abstract ones, for `inherits`."""
    variants: ListOf[Annotated[Variant, InstanceOf(Variant)]] = ()
    """second forms of images."""
    external: ListOf[Annotated[External, InstanceOf(External)]] = ()
    """images that somebody else makes, which `bakec mirror` copies into the project's registries."""
    protect: ListOf[Text] = ()
    """patterns of public tags, such as `v*`, that never move once they exist; `*`, `?` and `[…]` are as in a shell.
    A build that would move one ends before anything is built; one that finds the same images there already,
    unchanged, ends well.
    """
    architecture_tags: bool = False
    """publish each platform of an image by itself too, under its public tags with the architecture at their end:
    `1.0-amd64`, `1.0-arm-v7`. The bake file has none of them.
    """
    mirrors: Mapping[MirrorName, MirrorName] = Field(default_factory=dict)
    """where base images are taken from, by the beginning of their names: `{"docker.io": "mirror.example/hub"}`; the
    longest one wins. `bakec lock` verifies that both hold the same.
    """
    builder: Annotated[Builder, InstanceOf(Builder)] | None = None
    """where the images are built; `bakec builder up` makes it. The bake file says nothing of it."""

    @property
    def oldest_buildx(self) -> Version:
        """Major and minor version of the oldest buildx that the file must work with."""
        return _version(self.buildx)


@dataclass(frozen=True)
class Stack:
    """A project with its components by name: all that authors declared."""

    project: Project
    components: Mapping[str, Component]
