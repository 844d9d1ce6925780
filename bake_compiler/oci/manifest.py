"""Indexes, manifests and image configs, parsed from a registry's bytes.

Source: OCI image-spec v1.1 (image-index.md, manifest.md, config.md, descriptor.md), Docker's manifest v2.2.
Unknown fields are kept out and never an error: registries and tools add their own.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError
from pydantic.alias_generators import to_camel

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEXES = frozenset({OCI_INDEX, DOCKER_LIST})
MANIFESTS = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})

ATTESTATION_TYPE = "vnd.docker.reference.type"
ATTESTATION_SUBJECT = "vnd.docker.reference.digest"


def _digest(value: object) -> Digest:
    return value if isinstance(value, Digest) else Digest.parse(str(value))


def _platform(value: object) -> Platform | None:
    if isinstance(value, Mapping):
        return Platform.of(
            str(value.get("os", "")), str(value.get("architecture", "")), str(value.get("variant") or "")
        )
    return value if isinstance(value, Platform) else None


def _none_is_empty(value: Any) -> Any:
    return {} if value is None else value


def _none_is_no_item(value: Any) -> Any:
    return () if value is None else value


DigestField = Annotated[Digest, BeforeValidator(_digest), PlainSerializer(str)]
PlatformField = Annotated[Platform | None, BeforeValidator(_platform), PlainSerializer(str)]
Strings = Annotated[Mapping[str, str], BeforeValidator(_none_is_empty)]


class _Wire(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        validate_by_name=True,
        arbitrary_types_allowed=True,
    )

    @classmethod
    def read(cls, content: bytes) -> Self:
        """Read JSON as a registry stores it.

        Raises:
            ValueError: something needed is missing or wrong; the message names the first place.
        """
        try:
            return cls.model_validate_json(content)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise ValueError(": ".join(filter(None, (place, first["msg"])))) from error


class Descriptor(_Wire):
    """What an index or a manifest says of a piece of content: its type, digest, size in bytes, platform."""

    media_type: str
    digest: DigestField
    size: int = Field(ge=0)
    platform: PlatformField = None
    annotations: Strings = Field(default_factory=dict)
    artifact_type: str = ""

    @property
    def is_attestation(self) -> bool:
        """Whether it describes a build, not an image: by annotation or artifactType, never by platform."""
        return self.annotations.get(ATTESTATION_TYPE) == "attestation-manifest" or bool(self.artifact_type)


# Go writes a list without items as null: a scratch image has no layers.
Descriptors = Annotated[tuple[Descriptor, ...], BeforeValidator(_none_is_no_item)]


class Index(_Wire):
    """An OCI image index, or Docker's manifest list."""

    media_type: str = OCI_INDEX
    manifests: Descriptors
    annotations: Strings = Field(default_factory=dict)

    @property
    def images(self) -> tuple[Descriptor, ...]:
        """The entries that are images, in order."""
        return tuple(entry for entry in self.manifests if not entry.is_attestation)

    @property
    def attestations(self) -> tuple[Descriptor, ...]:
        """The entries that are attestations, in order."""
        return tuple(entry for entry in self.manifests if entry.is_attestation)


class Manifest(_Wire):
    """One platform's image: a config and layers."""

    media_type: str = OCI_MANIFEST
    config: Descriptor
    layers: Descriptors
    annotations: Strings = Field(default_factory=dict)


class RunConfig(_Wire):
    """The part of an image config that a container starts with."""

    labels: Strings = Field(default_factory=dict, alias="Labels")
    entrypoint: tuple[str, ...] | None = Field(default=None, alias="Entrypoint")
    cmd: tuple[str, ...] | None = Field(default=None, alias="Cmd")


class ImageConfig(_Wire):
    """An image config: what the image itself says that it is."""

    os: str = ""
    architecture: str = ""
    variant: str = ""
    config: Annotated[RunConfig, BeforeValidator(_none_is_empty)] = Field(default_factory=RunConfig)

    @property
    def platform(self) -> Platform:
        """Its own platform, in normal form."""
        return Platform.of(self.os, self.architecture, self.variant)
