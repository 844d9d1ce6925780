"""What a registry holds under one reference, as one value: registry makes it, verify judges it."""

from dataclasses import dataclass
from enum import StrEnum

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import (
    ATTESTATION_SUBJECT,
    INDEXES,
    MANIFESTS,
    Descriptor,
    ImageConfig,
    Index,
    Manifest,
)
from bake_compiler.oci.members import read_members
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.provenance import Provenance
from bake_compiler.oci.reference import Reference

_MEMBERS_OF_INDEX = frozenset({"manifests"})
_MEMBERS_OF_MANIFEST = frozenset({"config", "layers", "fsLayers"})


@dataclass(frozen=True)
class RawManifest:
    """The bytes of an index or a manifest, which are what its digest stands for."""

    media_type: str
    digest: Digest
    content: bytes

    def parse(self) -> Index | Manifest:
        """What the bytes say, read as their media type says.

        Content that could be read as both kinds, or that names another type than it came with, is refused
        (CVE-2021-41190: two readers would see two different images).

        Raises:
            ValueError: neither an index nor a manifest, or not a sound one.
        """
        members = read_members(self.content)
        inner = members.get("mediaType", self.media_type)
        if inner != self.media_type:
            raise ValueError(f"it came as {self.media_type!r} but calls itself {inner!r}")
        if self.media_type in INDEXES and not _MEMBERS_OF_MANIFEST & members.keys():
            return Index.of(members)
        if self.media_type in MANIFESTS and not _MEMBERS_OF_INDEX & members.keys():
            return Manifest.of(members)
        raise ValueError(f"content of type {self.media_type!r} is neither an index nor an image manifest")


class TroubleKind(StrEnum):
    """Why a piece of content is not at hand; each is the code of a finding."""

    MISSING = "missing"
    WRONG = "wrong-bytes"
    MALFORMED = "malformed"
    OVER_LIMIT = "over-limit"
    UNCHECKED = "unchecked"


@dataclass(frozen=True)
class Trouble:
    """What kept one piece of content from being read.

    `OVER_LIMIT` and `UNCHECKED` say nothing of what the registry holds: they must never count as good.
    """

    kind: TroubleKind
    message: str
    hint: str = ""


@dataclass(frozen=True)
class Piece:
    """One descriptor, and what the registry has for it.

    Attributes:
        descriptor: what was promised.
        size: bytes that the registry has; None if it did not say.
        trouble: why it is not at hand, if so.
    """

    descriptor: Descriptor
    size: int | None = None
    trouble: Trouble | None = None


@dataclass(frozen=True)
class Child:
    """One entry of an index: an image or an attestation, with everything that it is made of.

    Attributes:
        piece: the manifest itself.
        manifest: what it says; None if that could not be read.
        config: what the image says of itself; None for an attestation, or if that could not be read.
        parts: its config and its layers, in this order.
        statements: the provenance in an attestation, if it was asked for.
    """

    piece: Piece
    manifest: Manifest | None = None
    config: ImageConfig | None = None
    parts: tuple[Piece, ...] = ()
    statements: tuple[Provenance, ...] = ()

    @property
    def descriptor(self) -> Descriptor:
        """What the index says of it."""
        return self.piece.descriptor

    @property
    def platform(self) -> Platform | None:
        """The platform that the index gives it."""
        return self.descriptor.platform

    @property
    def size(self) -> int:
        """Bytes of its config and layers, as they are stored; 0 if its manifest could not be read."""
        return sum(part.size for part in (self.manifest.config, *self.manifest.layers)) if self.manifest else 0

    @property
    def subject(self) -> Digest | None:
        """What an attestation is of, by its entry's annotation or its manifest's subject; None if it does not say."""
        try:
            return Digest.parse(self.descriptor.annotations.get(ATTESTATION_SUBJECT, ""))
        except ValueError:
            return self.manifest.subject.digest if self.manifest and self.manifest.subject else None

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """All content that it needs."""
        return (self.piece, *self.parts)


@dataclass(frozen=True)
class Tag:
    """What another tag of the same image names: a digest, or nothing and why.

    Attributes:
        platform: that it is to name alone; None for the whole image.
    """

    reference: Reference
    digest: Digest | None = None
    trouble: Trouble | None = None
    platform: Platform | None = None


@dataclass(frozen=True)
class Snapshot:
    """What a registry held under a reference when it was asked.

    Attributes:
        reference: where it was asked for.
        raw: the bytes; None if there is nothing (`trouble` is then MISSING).
        index, manifest: what they say; at most one is set.
        trouble: why neither is set.
        nested: the indexes inside the index.
        children: the entries in order, those of nested indexes in place of them. A plain manifest is its own
            only child, on the platform that its config states.
        artifacts: attestations that are kept beside the index, and refer to it or to one of its children.
        unlisted: why it is not known which there are, if so.
        tags: what the image's other tags name.
    """

    reference: Reference
    raw: RawManifest | None = None
    index: Index | None = None
    manifest: Manifest | None = None
    trouble: Trouble | None = None
    nested: tuple[Piece, ...] = ()
    children: tuple[Child, ...] = ()
    artifacts: tuple[Child, ...] = ()
    unlisted: Trouble | None = None
    tags: tuple[Tag, ...] = ()

    @property
    def images(self) -> tuple[Child, ...]:
        """The children that are images."""
        return tuple(child for child in self.children if not child.descriptor.is_attestation)

    @property
    def attestations(self) -> tuple[Child, ...]:
        """The children that are attestations."""
        return tuple(child for child in self.children if child.descriptor.is_attestation)
