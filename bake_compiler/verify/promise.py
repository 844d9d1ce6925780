"""The promise of one image: what the models, this run or a release file say about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference


class Level(StrEnum):
    """Where an annotation is stored (buildx docs, "annotations")."""

    INDEX = "index"
    INDEX_DESCRIPTOR = "index-descriptor"
    MANIFEST = "manifest"
    MANIFEST_DESCRIPTOR = "manifest-descriptor"


@dataclass(frozen=True)
class Annotation:
    """One promised annotation.

    Attributes:
        level: where the annotation is stored.
        platform: the platform whose manifest has the annotation. None if the manifests of all platforms have it.
        key: the annotation's name.
        value: the value. None if any value will do.
    """

    level: Level
    platform: Platform | None
    key: str
    value: str | None


@dataclass(frozen=True)
class Promise:
    """One image as it must be in the registry.

    Attributes:
        image: the image's name, for the findings.
        reference: where the image must be.
        platforms: exactly the platforms that the image must have.
        digest: the digest that the image must have. None if any digest will do.
        source: where the digest comes from: `this run`, or the name of a release file.
        labels: the labels that each platform's config must have. None if any value will do.
        annotations: the annotations that index and manifests must have.
        provenance: whether each platform must have a provenance statement.
        foreign: patterns of paths in the image at which binaries for other architectures are intended.
    """

    image: str
    reference: Reference
    platforms: tuple[Platform, ...]
    digest: Digest | None = None
    source: str = "this run"
    labels: Mapping[str, str | None] = field(default_factory=dict)
    annotations: tuple[Annotation, ...] = ()
    provenance: bool = False
    foreign: tuple[str, ...] = ()
