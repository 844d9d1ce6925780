"""What a component author writes: Project, Phase, Component, Image.

First in the chain: these models say what is wanted; `plan` says what that means for each image.
"""

import difflib
import re
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PrivateAttr,
    ValidationError,
)

from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference, check_tag


@dataclass(frozen=True)
class Source:
    """Where an author wrote a model: a file and the line where its call begins. All sources compare equal."""

    file: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong in the components, with the place and, where known, what to do."""

    source: Source
    field: str
    message: str
    hint: str = ""


_collected: ContextVar[list[Mistake] | None] = ContextVar("_collected", default=None)


@contextmanager
def collecting_mistakes() -> Iterator[list[Mistake]]:
    """Within it a model with bad fields does not raise: its mistakes are listed, and loading goes on."""
    mistakes: list[Mistake] = []
    token = _collected.set(mistakes)
    try:
        yield mistakes
    finally:
        _collected.reset(token)


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """A hint that names the nearest known name, or lists the known ones."""
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return "known are " + ", ".join(sorted(known)) if known else "none is declared"


class Model(BaseModel):
    """Base of all that an author declares: frozen, no unknown fields, and it knows where it was written."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    _source: Source = PrivateAttr(default_factory=Source)

    if not TYPE_CHECKING:  # type checkers see the fields as keywords

        def __init__(self, **fields: Any) -> None:
            source = _calling_source()
            mistakes = _collected.get()
            try:
                super().__init__(**fields)
            except ValidationError as error:
                if mistakes is None or _inside_another():
                    raise
                mistakes.extend(_mistakes_of(error, source, list(type(self).model_fields)))
                self._stand_in(fields)
            self._source = source

        def _stand_in(self, fields: dict[str, Any]) -> None:
            shell = type(self).model_construct(**fields)
            for slot in ("__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__"):
                object.__setattr__(self, slot, getattr(shell, slot))

    @property
    def source(self) -> Source:
        """Where the author wrote it."""
        return self._source


def _calling_source() -> Source:
    frame = sys._getframe(1)  # noqa: SLF001 - the only way to know the author's line
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(("bake_compiler.", "pydantic.")):
        frame = frame.f_back
    return Source(frame.f_code.co_filename, frame.f_lineno)


def _inside_another() -> bool:
    """Whether pydantic makes this model from a dict inside another one, which will tell the mistake with its place."""
    return sys._getframe(2).f_globals.get("__name__") == "pydantic.main"  # noqa: SLF001 - as above


def _mistakes_of(error: ValidationError, source: Source, known: list[str]) -> Iterator[Mistake]:
    problems = error.errors(include_url=False)
    for problem in problems:
        inner = (other["loc"][: len(problem["loc"])] == problem["loc"] for other in problems if other is not problem)
        if problem["type"] == "too_short" and any(inner):
            continue  # only because an item of it was refused
        place = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            yield Mistake(source, place, "no such field", did_you_mean(place, known))
        else:
            yield Mistake(source, place, problem["msg"].removeprefix("Value error, "))


def _check_text(text: str) -> str:
    if "\0" in text:
        raise ValueError("holds a NUL character, which no build can carry")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("holds half a surrogate pair, which is not text")
    if not unicodedata.is_normalized("NFC", text):
        raise ValueError("is not in Unicode's NFC form: buildx would change it; write unicodedata.normalize('NFC', …)")
    return text


def _matching(pattern: str, what: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(f"{text!r} is not {what}")
        return text

    return AfterValidator(check)


def check_registry(text: str) -> str:
    """The registry itself: a host, with a port and a path where there is one, with or without a slash at its end.

    Raises:
        ValueError: it is none.
    """
    Reference.parse(f"{text.rstrip('/')}/image")
    return text


def _check_repository(text: str) -> str:
    if text.count("{image}") != 1:
        raise ValueError("needs {image} exactly once")
    Reference.parse(f"localhost/{text.replace('{image}', 'image')}")
    return text


def _check_inside(text: str) -> str:
    if text.startswith(("/", "~")) or not text:
        raise ValueError(f"{text!r} is not a path relative to the component or the project")
    return text


def _to_platform(value: object) -> object:
    return Platform.parse(value) if isinstance(value, str) else value


Text = Annotated[str, AfterValidator(_check_text)]
"""Any text that can reach buildx unchanged: no NUL, no lone surrogate, Unicode NFC (buildx reads HCL so)."""
Name = Annotated[str, _matching(r"[a-z0-9]+(?:(?:_|__|-+)[a-z0-9]+)*", "a name: lower-case letters, digits, - and _")]
ArgName = Annotated[str, _matching(r"[A-Za-z_][A-Za-z0-9_]*", "the name of a build arg")]
LabelKey = Annotated[str, _matching(r"[A-Za-z0-9][A-Za-z0-9._/-]*", "a label key: letters, digits, . _ / -")]
RelativePath = Annotated[Text, AfterValidator(_check_inside)]
PlatformName = Annotated[Platform, BeforeValidator(_to_platform), PlainSerializer(str)]


class Phase(Model):
    """A named step of the build; compiled to a bake group of all its images."""

    name: Name
    description: Text = ""


class Only(Model):
    """The platforms that an image is built for when they are not all of the project's, and why."""

    platforms: tuple[PlatformName, ...] = Field(min_length=1)
    reason: Text = Field(min_length=1)


class Image(Model):
    """What a component yields: one bake target and one repository.

    Attributes:
        name: the bake target, and what stands for `{image}` in the project's repository pattern.
        description: one line; a comment in the bake file and the OCI description label.
        stage: the Dockerfile stage to build; None is the last one.
        dockerfile: another Dockerfile than the component's, relative to the same folder.
        args: build args on top of the component's. Nothing else is ever passed to a build.
        labels: image labels on top of the component's.
        needs: images whose build result this one uses, on top of the component's; each is a named context.
        platforms: an exception to the component's and the project's platforms.
        smoke: a command that proves that the image works; its output must hold `uname -m`'s word for the platform.
    """

    name: Name
    description: Text = ""
    stage: Text | None = None
    dockerfile: RelativePath | None = None
    args: Mapping[ArgName, Text] = Field(default_factory=dict)
    labels: Mapping[LabelKey, Text] = Field(default_factory=dict)
    needs: tuple[Name, ...] = ()
    platforms: Only | None = None
    smoke: tuple[Text, ...] = ()


class Component(Model):
    """A directory with build inputs and the images made from them; its name is the directory's.

    Attributes:
        phase: the name of one of the project's phases.
        images: at least one.
        description: one line.
        relative_to: what `context` and `dockerfile` are relative to: this component's folder, or the project's root.
        context: the build context.
        dockerfile: the Dockerfile; relative to `relative_to`, not to the context.
        args, labels, needs, platforms: as in Image, for all of the component's images.
    """

    phase: Name
    images: tuple[Image, ...] = Field(min_length=1)
    description: Text = ""
    relative_to: Literal["component", "project"] = "component"
    context: RelativePath = "."
    dockerfile: RelativePath = "Dockerfile"
    args: Mapping[ArgName, Text] = Field(default_factory=dict)
    labels: Mapping[LabelKey, Text] = Field(default_factory=dict)
    needs: tuple[Name, ...] = ()
    platforms: Only | None = None


class Project(Model):
    """What all components share.

    Attributes:
        name: the project's name.
        registry: default of REGISTRY: a host, with a port and a path where there is one (`harbor.example/team`).
        repository: the repository of an image under the registry; `{image}` is the image's name.
        tag: default of TAG, the public tag.
        platforms: default of PLATFORMS.
        phases: in the order in which a person thinks of them.
        source_url: URL of the sources, for the OCI label; empty for none.
        labels: image labels of every image.
    """

    name: Name
    registry: Annotated[Text, AfterValidator(check_registry)]
    repository: Annotated[Text, AfterValidator(_check_repository)] = "{image}"
    tag: Annotated[str, AfterValidator(check_tag)]
    platforms: tuple[PlatformName, ...] = Field(min_length=1)
    phases: tuple[Phase, ...] = Field(min_length=1)
    source_url: Text = ""
    labels: Mapping[LabelKey, Text] = Field(default_factory=dict)


@dataclass(frozen=True)
class Stack:
    """A project with its components by name: all that authors declared."""

    project: Project
    components: Mapping[str, Component]
