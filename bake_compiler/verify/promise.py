"""What was promised of one image: the side of a check that comes from the models."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference


class Level(StrEnum):
    """Where an annotation is kept (buildx docs, "annotations")."""

    INDEX = "index"
    INDEX_DESCRIPTOR = "index-descriptor"
    MANIFEST = "manifest"
    MANIFEST_DESCRIPTOR = "manifest-descriptor"


@dataclass(frozen=True)
class Annotation:
    """One promised annotation.

    Attributes:
        level: where it is kept.
        platform: of the one manifest that has it; None when all have it.
        key, value: what it says; None for any value.
    """

    level: Level
    platform: Platform | None
    key: str
    value: str | None


@dataclass(frozen=True)
class Promise:
    """One image as it must be in the registry.

    Attributes:
        image: its name, for the findings.
        reference: where it must be.
        platforms: exactly those that it must run on.
        digest: what it must be; None when any content will do.
        source: who says that digest: `this run`, or the name of a release file.
        labels: that each platform's config must have; None for any value.
        annotations: that index and manifests must have.
        provenance: whether each platform must have a provenance statement.
        foreign: patterns of paths in the image at which other architectures' binaries are meant.
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
