"""Indexes, manifests and image configs, parsed from a registry's bytes.

Source: OCI image-spec v1.1 (image-index.md, manifest.md, config.md, descriptor.md), Docker's manifest v2.2.
Unknown fields are ignored and are no error: registries and tools add their own fields.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AliasPath, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError
from pydantic.alias_generators import to_camel

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.members import read_members
from bake_compiler.oci.platform import Platform

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEXES = frozenset({OCI_INDEX, DOCKER_LIST})
MANIFESTS = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
CONFIGS = frozenset({"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"})
_TAR = "application/vnd.oci.image.layer"
_DOCKER_TAR = "application/vnd.docker.image.rootfs"
LAYERS = frozenset(
    {
        *(f"{_TAR}.v1.tar{compression}" for compression in ("", "+gzip", "+zstd")),
        *(f"{_TAR}.nondistributable.v1.tar{compression}" for compression in ("", "+gzip", "+zstd")),
        *(f"{_DOCKER_TAR}.diff.tar{compression}" for compression in ("", ".gzip", ".zstd")),
        f"{_DOCKER_TAR}.foreign.diff.tar.gzip",
    }
)
"""Layers that container engines unpack (OCI image-spec v1.1, layer.md; Docker's manifest v2.2)."""

_KEPT_ELSEWHERE = (".foreign.", ".nondistributable.")

ATTESTATION_TYPE = "vnd.docker.reference.type"
ATTESTATION_SUBJECT = "vnd.docker.reference.digest"


def _digest(value: object) -> Digest:
    return value if isinstance(value, Digest) else Digest.parse(str(value))


def _platform(value: object) -> Platform | None:
    if isinstance(value, Mapping):
        return Platform.of(*(str(value.get(name) or "") for name in ("os", "architecture", "variant")))
    return value if isinstance(value, Platform) else None


def _none_is_empty(value: Any) -> Any:
    return {} if value is None else value


def _texts(value: Any) -> Any:
    """Return a mapping in which null is an empty text, as in Go."""
    if isinstance(value, dict):
        return {key: "" if text is None else text for key, text in value.items()}
    return _none_is_empty(value)


def _none_is_no_item(value: Any) -> Any:
    return () if value is None else value


def _variables(value: Any) -> Any:
    """Return `NAME=value` lines as a mapping. If a name is there twice, the last value counts, as in a container."""
    if isinstance(value, list):
        return dict(str(line).partition("=")[::2] for line in value)
    return _none_is_empty(value)


DigestField = Annotated[Digest, BeforeValidator(_digest), PlainSerializer(str)]
PlatformField = Annotated[Platform | None, BeforeValidator(_platform), PlainSerializer(str)]
Strings = Annotated[Mapping[str, str], BeforeValidator(_texts)]


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
            ValueError: a needed field is missing or wrong; the message names the first such field.
        """
        return cls.of(read_members(content))

    @classmethod
    def of(cls, members: Mapping[str, object]) -> Self:
        """Read the members of a JSON object.

        Raises:
            ValueError: a needed field is missing or wrong; the message names the first such field.
        """
        try:
            return cls.model_validate(members)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise ValueError(": ".join(filter(None, (place, first["msg"])))) from error


class Descriptor(_Wire):
    """The type, digest, size in bytes and platform of a piece of content, as an index or a manifest states them.

    For Windows, an index may have several entries for one platform, each with another `os_version`.
    """

    media_type: str
    digest: DigestField
    size: int = Field(ge=0)
    platform: PlatformField = None
    os_version: str = Field(default="", validation_alias=AliasPath("platform", "os.version"))
    annotations: Strings = Field(default_factory=dict)
    artifact_type: str = ""
    urls: Annotated[tuple[str, ...], BeforeValidator(_none_is_no_item)] = ()

    @property
    def is_kept_elsewhere(self) -> bool:
        """Whether the registry may lack this layer: only its vendor may distribute it, from the addresses in `urls`."""
        return bool(self.urls) and any(part in self.media_type for part in _KEPT_ELSEWHERE)

    @property
    def is_attestation(self) -> bool:
        """Whether the entry is an attestation, by its annotation or artifactType. An unknown platform is no proof.

        An entry with a known platform is never an attestation: engines run it, whatever its other fields are.
        """
        marked = self.annotations.get(ATTESTATION_TYPE) == "attestation-manifest" or bool(self.artifact_type)
        return marked and not (self.platform and self.platform.is_known)


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
    """An image of one platform (a config and layers), or an artifact such as an attestation, with its subject."""

    media_type: str = OCI_MANIFEST
    artifact_type: str = ""
    config: Descriptor
    layers: Descriptors
    subject: Descriptor | None = None
    annotations: Strings = Field(default_factory=dict)


class RunConfig(_Wire):
    """The part of an image config that says how a container starts."""

    labels: Strings = Field(default_factory=dict, alias="Labels")
    entrypoint: tuple[str, ...] | None = Field(default=None, alias="Entrypoint")
    cmd: tuple[str, ...] | None = Field(default=None, alias="Cmd")
    env: Annotated[Mapping[str, str], BeforeValidator(_variables)] = Field(default_factory=dict, alias="Env")
    working_dir: Annotated[str, BeforeValidator(lambda value: value or "/")] = Field(default="/", alias="WorkingDir")


class RootFs(_Wire):
    """The layers of an image by the digests of their uncompressed bytes, lowest first."""

    diff_ids: Annotated[tuple[DigestField, ...], BeforeValidator(_none_is_no_item)] = Field(
        default=(), alias="diff_ids"
    )


class ImageConfig(_Wire):
    """An image config, with the platform that the image itself states."""

    os: str = ""
    architecture: str = ""
    variant: str = ""
    config: Annotated[RunConfig, BeforeValidator(_none_is_empty)] = Field(default_factory=RunConfig)
    rootfs: Annotated[RootFs, BeforeValidator(_none_is_empty)] = Field(default_factory=RootFs)

    @property
    def platform(self) -> Platform:
        """The platform that the config states, in normal form."""
        return Platform.of(self.os, self.architecture, self.variant)
