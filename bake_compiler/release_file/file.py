"""`release.json`: the images of a release with their digests. It is sorted, so the same release has the same bytes."""

import json
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Final, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference

SCHEMA: Final = "bakec.release/1"

_T = TypeVar("_T")


def _reader(kind: type[_T], parse: Callable[[str], _T]) -> BeforeValidator:
    def read(value: object) -> object:
        return parse(value) if isinstance(value, str) else value

    read.__name__ = kind.__name__
    return BeforeValidator(read)


def _tagged(text: str) -> Reference:
    reference = Reference.parse(text)
    if not reference.tag or reference.digest:
        raise ValueError(f"{text!r} is not HOST/REPOSITORY:TAG")
    return reference


def _repository(value: str) -> str:
    reference = Reference.parse(value)
    if reference.tag or reference.digest or reference.name != value:
        raise ValueError(f"{value!r} is not HOST/REPOSITORY")
    return value


_SHA = WithJsonSchema({"type": "string", "pattern": "^(sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$"})
DigestText = Annotated[Digest, _reader(Digest, Digest.parse), PlainSerializer(str), _SHA]
PlatformText = Annotated[
    Platform,
    _reader(Platform, Platform.parse),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "examples": ["linux/amd64", "linux/arm/v7"]}),
]
TagText = Annotated[
    Reference,
    _reader(Reference, _tagged),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "examples": ["ghcr.io/acme/web:1.0"]}),
]
RepositoryText = Annotated[str, BeforeValidator(lambda value: _repository(value) if isinstance(value, str) else value)]


class _Part(BaseModel):
    """A part of the file. Fields that this bakec does not know, such as those of a newer bakec, are left out."""

    model_config = ConfigDict(frozen=True, extra="ignore", arbitrary_types_allowed=True, validate_by_name=True)


class ReleasedBase(_Part):
    """An image that a build used as a base, as its provenance says.

    Attributes:
        name: the base's name with its tag.
        digest: the digest that the base had. Null if the provenance does not have it.
    """

    name: str
    digest: DigestText | None = None


class ReleasedPlatform(_Part):
    """One platform of an image.

    Attributes:
        platform: such as linux/amd64.
        digest: the digest of the platform's manifest.
        size: the compressed size of config and layers, in bytes.
        provenance: the digest of the attestation manifest. Null if there is no provenance.
        tags: public references that name this platform alone.
    """

    platform: PlatformText
    digest: DigestText
    size: int = Field(ge=0)
    provenance: DigestText | None = None
    tags: tuple[TagText, ...] = ()


class ReleasedImage(_Part):
    """One image.

    Attributes:
        name: the image's name.
        repository: HOST/REPOSITORY. If there are several registries, the repository in the first one.
        tags: the image's public references, in the order of its models. The first reference is its main one.
            References in further registries follow those in the first registry.
        digest: the digest of the image's index.
        content_tag: the content tag under which the image was pushed.
        revision: the revision of its sources, from its label org.opencontainers.image.revision. Empty without the
            label.
        bases: the bases from which any of its platforms was built, sorted by name.
        platforms: sorted.
    """

    name: str = Field(min_length=1)
    repository: RepositoryText
    tags: tuple[TagText, ...] = Field(min_length=1)
    digest: DigestText
    content_tag: str = ""
    revision: str = ""
    bases: tuple[ReleasedBase, ...] = ()
    platforms: tuple[ReleasedPlatform, ...] = Field(min_length=1)

    @property
    def all_tags(self) -> tuple[Reference, ...]:
        """The image's public references, then the references that name one of its platforms alone."""
        return (*self.tags, *(tag for platform in self.platforms for tag in platform.tags))

    @property
    def pin(self) -> str:
        """`HOST/REPOSITORY@DIGEST`."""
        return f"{self.repository}@{self.digest}"

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        _refuse_twice("platform", (str(each.platform) for each in self.platforms))
        _refuse_twice("tag", map(str, self.all_tags))
        object.__setattr__(self, "bases", tuple(sorted(self.bases, key=lambda base: (base.name, str(base.digest)))))
        object.__setattr__(self, "platforms", tuple(sorted(self.platforms, key=lambda each: each.platform)))
        return self


class ReleaseFile(_Part):
    """What one run has published.

    Attributes:
        schema: the version of this format.
        run: the id of the run.
        time: when the file was written, in UTC: 2026-11-24T19:33:20Z.
        registry: the registry to which the run published. If there are several, the first one.
        tag: the run's tag, from which the images' tags were made.
        covers: the selectors of the run. `all` for the whole project.
        partial: whether the file lacks images that the run was to publish.
        tools: program → its version.
        images: the images, sorted by name.
    """

    schema_: Literal["bakec.release/1"] = Field(alias="schema")
    run: str = ""
    time: str = ""
    registry: str = ""
    tag: str = ""
    covers: tuple[str, ...] = ()
    partial: bool = False
    tools: dict[str, str] = Field(default_factory=dict)
    images: tuple[ReleasedImage, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        _refuse_twice("image", (image.name for image in self.images))
        object.__setattr__(self, "covers", tuple(sorted(set(self.covers))))
        object.__setattr__(self, "images", tuple(sorted(self.images, key=lambda image: image.name)))
        return self


def _refuse_twice(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"the {what} {name} is there twice")
        seen.add(name)


def read_release_file(content: bytes) -> ReleaseFile:
    """Return the release that a file contains.

    Raises:
        ValueError: the file is not a release file. The message says where the error is, and what is wrong.
    """
    try:
        return ReleaseFile.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise ValueError(": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))) from error


def render_release_file(release: ReleaseFile) -> str:
    """The text of the file: JSON with sorted keys, ending in a newline."""
    document: dict[str, Any] = release.model_dump(mode="json", by_alias=True)
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
