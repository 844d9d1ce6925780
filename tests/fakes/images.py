"""Images, attestations and indexes as buildx pushes them, and as it should not: just bytes, no registry."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import (
    ATTESTATION_SUBJECT,
    ATTESTATION_TYPE,
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
)
from bake_compiler.oci.platform import Platform

CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
IN_TOTO = "application/vnd.in-toto+json"


@dataclass(frozen=True)
class Made:
    """A manifest or an index with all that it needs, and the entry that an index has for it.

    A defect is a `dataclasses.replace`: another `platform`, `size` or `media_type` than the truth.
    """

    media_type: str
    content: bytes
    platform: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    artifact_type: str = ""
    size: int | None = None
    children: tuple["Made", ...] = ()
    blobs: tuple[bytes, ...] = ()

    @property
    def digest(self) -> Digest:
        return Digest.of(self.content)

    @property
    def entry(self) -> dict[str, Any]:
        size = len(self.content) if self.size is None else self.size
        entry: dict[str, Any] = {"mediaType": self.media_type, "digest": str(self.digest), "size": size}
        optional = {
            "platform": _platform(self.platform) if self.platform else None,
            "annotations": dict(self.annotations),
            "artifactType": self.artifact_type,
        }
        return entry | {name: value for name, value in optional.items() if value}


def image_of(
    platform: str,
    *,
    says: str | None = None,
    layers: tuple[bytes, ...] | None = None,
    config_size: int | None = None,
    docker: bool = False,
) -> Made:
    """An image for a platform; `says` is what its config states in place of it."""
    layers = (b"base of " + platform.encode(), b"shared") if layers is None else layers
    config = encoded(_platform(says or platform) | {"rootfs": {"type": "layers", "diff_ids": []}})
    manifest = _manifest(DOCKER_MANIFEST if docker else OCI_MANIFEST, config, layers, LAYER)
    if config_size is not None:
        manifest["config"]["size"] = config_size
    return Made(manifest["mediaType"], encoded(manifest), platform, blobs=(config, *layers))


def attestation_of(image: Made, *, annotated: bool = True) -> Made:
    """The attestation of an image as buildx writes it; without its annotation if told so."""
    statement = encoded({"subject": str(image.digest)})
    config = encoded({"os": "unknown", "architecture": "unknown", "subject": str(image.digest)})
    annotations = {ATTESTATION_TYPE: "attestation-manifest", ATTESTATION_SUBJECT: str(image.digest)}
    return Made(
        OCI_MANIFEST,
        encoded(_manifest(OCI_MANIFEST, config, (statement,), IN_TOTO)),
        "unknown/unknown",
        annotations=annotations if annotated else {},
        blobs=(config, statement),
    )


def index_of(*entries: Made | str, attested: bool = False, docker: bool = False) -> Made:
    """An index of images, given or made for these platforms, each with its attestation if told so."""
    images = tuple(image_of(entry) if isinstance(entry, str) else entry for entry in entries)
    children = (*images, *(attestation_of(image) for image in images if attested))
    media_type = DOCKER_LIST if docker else OCI_INDEX
    content = {"schemaVersion": 2, "mediaType": media_type, "manifests": [child.entry for child in children]}
    return Made(media_type, encoded(content), children=children)


def encoded(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _manifest(media_type: str, config: bytes, layers: tuple[bytes, ...], layer_type: str) -> dict[str, Any]:
    return {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": _blob(CONFIG, config),
        "layers": [_blob(layer_type, layer) for layer in layers],
    }


def _blob(media_type: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": str(Digest.of(content)), "size": len(content)}


def _platform(text: str) -> dict[str, str]:
    parts = ("unknown", "unknown") if text == "unknown/unknown" else str(Platform.parse(text)).split("/")
    return dict(zip(("os", "architecture", "variant"), parts, strict=False))
