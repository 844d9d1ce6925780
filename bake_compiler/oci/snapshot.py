"""Everything that a registry holds under one reference, as one value. `registry` makes it, and `verify` checks it."""

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
    """The bytes of an index or a manifest. Its digest is the digest of exactly these bytes."""

    media_type: str
    digest: Digest
    content: bytes

    def parse(self) -> Index | Manifest:
        """Read the bytes as the kind that their media type names.

        Content that could be read as both kinds is refused (CVE-2021-41190: two readers would see two different
        images). Content that names another media type than the registry's answer is refused, too.

        Raises:
            ValueError: the content is neither a valid index nor a valid manifest.
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
    """Why a piece of content could not be read. Each value is the code of a finding."""

    MISSING = "missing"
    WRONG = "wrong-bytes"
    MALFORMED = "malformed"
    OVER_LIMIT = "over-limit"
    UNCHECKED = "unchecked"


@dataclass(frozen=True)
class Trouble:
    """Why one piece of content could not be read.

    `OVER_LIMIT` and `UNCHECKED` prove nothing about the content, so they never count as good.
    """

    kind: TroubleKind
    message: str
    hint: str = ""


@dataclass(frozen=True)
class Piece:
    """One descriptor, and what the registry answered about its content.

    Attributes:
        descriptor: the type, digest and size that the content must have.
        size: the size in bytes that the registry states; None if it states none.
        trouble: why the content could not be read, if so.
    """

    descriptor: Descriptor
    size: int | None = None
    trouble: Trouble | None = None


@dataclass(frozen=True)
class Child:
    """One entry of an index: an image or an attestation, with all of its parts.

    Attributes:
        piece: the manifest as content of the registry.
        manifest: the parsed manifest; None if it could not be read.
        config: the parsed image config; None for an attestation, or if the config could not be read.
        parts: the config and the layers, in this order.
        statements: the provenance statements of an attestation, if they were asked for.
    """

    piece: Piece
    manifest: Manifest | None = None
    config: ImageConfig | None = None
    parts: tuple[Piece, ...] = ()
    statements: tuple[Provenance, ...] = ()

    @property
    def descriptor(self) -> Descriptor:
        """The entry in the index."""
        return self.piece.descriptor

    @property
    def platform(self) -> Platform | None:
        """The platform of the entry in the index."""
        return self.descriptor.platform

    @property
    def size(self) -> int:
        """The stored size of config and layers, in bytes; 0 if the manifest could not be read."""
        return sum(part.size for part in (self.manifest.config, *self.manifest.layers)) if self.manifest else 0

    @property
    def subject(self) -> Digest | None:
        """The digest of the image that an attestation is about, by annotation or subject; None if it has neither."""
        try:
            return Digest.parse(self.descriptor.annotations.get(ATTESTATION_SUBJECT, ""))
        except ValueError:
            return self.manifest.subject.digest if self.manifest and self.manifest.subject else None

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The manifest, the config and the layers."""
        return (self.piece, *self.parts)


@dataclass(frozen=True)
class Tag:
    """What another tag of the same image names: a digest, or no digest and the reason.

    Attributes:
        platform: the platform, for a tag of a single platform; None for a tag of the whole image.
    """

    reference: Reference
    digest: Digest | None = None
    trouble: Trouble | None = None
    platform: Platform | None = None


@dataclass(frozen=True)
class Snapshot:
    """What a registry answered about a reference.

    Attributes:
        reference: the reference.
        raw: the bytes; None if the registry has no such manifest (`trouble` is then MISSING).
        index, manifest: the parsed bytes; at most one of the two is set.
        trouble: why neither of the two is set.
        nested: the indexes inside the index.
        children: the entries in order. The entries of a nested index stand in place of that index. A manifest without
            an index is its own only child, on the platform that its config states.
        artifacts: attestations beside the index, which refer to the index or to one of its children.
        unlisted: why these attestations could not be listed, if so.
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
