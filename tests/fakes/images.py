"""Images, attestations and indexes as buildx pushes them, and as it should not: just bytes, no registry."""

import json
from collections.abc import Iterable, Mapping
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
from bake_compiler.oci.provenance import PREDICATE

CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
IN_TOTO = "application/vnd.in-toto+json"
EMPTY = "application/vnd.oci.empty.v1+json"
ATTESTATION_ARTIFACT = "application/vnd.docker.attestation.manifest.v1+json"
SLSA_02 = "https://slsa.dev/provenance/v0.2"
SLSA_1 = "https://slsa.dev/provenance/v1"


@dataclass(frozen=True)
class Layer:
    """A layer: its bytes, of which type they are, the digest of what is in them, and whether they are pushed."""

    content: bytes
    media_type: str = LAYER
    diff_id: Digest | None = None
    elsewhere: bool = False


@dataclass(frozen=True)
class Made:
    """A manifest or an index with all that it needs, and the entry that an index has for it.

    A defect is a `dataclasses.replace`: another `platform`, `size` or `media_type` than the truth.
    What is `beside` it refers to it, and is in no index.
    """

    media_type: str
    content: bytes
    platform: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    artifact_type: str = ""
    size: int | None = None
    os_version: str = ""
    children: tuple["Made", ...] = ()
    blobs: tuple[bytes, ...] = ()
    beside: tuple["Made", ...] = ()

    @property
    def digest(self) -> Digest:
        return Digest.of(self.content)

    @property
    def entry(self) -> dict[str, Any]:
        size = len(self.content) if self.size is None else self.size
        entry: dict[str, Any] = {"mediaType": self.media_type, "digest": str(self.digest), "size": size}
        version = {"os.version": self.os_version} if self.os_version else {}
        optional = {
            "platform": _platform(self.platform) | version if self.platform else None,
            "annotations": dict(self.annotations),
            "artifactType": self.artifact_type,
        }
        return entry | {name: value for name, value in optional.items() if value}


def image_of(
    platform: str,
    *,
    says: str | None = None,
    layers: Iterable[bytes | Layer] | None = None,
    config_size: int | None = None,
    config_type: str = "",
    docker: bool = False,
    run: Mapping[str, Any] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Made:
    """An image for a platform.

    Args:
        platform: of its entry.
        says: what its config states in place of the platform.
        layers: bytes are taken for a gzipped layer.
        config_size, config_type: that its manifest states.
        docker: it has Docker's media types.
        run: the part of its config that a container starts with, such as Labels and Entrypoint.
        annotations: of its manifest.
    """
    content = (b"base of " + platform.encode(), b"shared") if layers is None else layers
    usual = DOCKER_LAYER if docker else LAYER
    laid = tuple(each if isinstance(each, Layer) else Layer(each, usual) for each in content)
    diff_ids = [str(layer.diff_id) for layer in laid if layer.diff_id]
    config = encoded(
        _platform(says or platform)
        | {"rootfs": {"type": "layers", "diff_ids": diff_ids}}
        | ({"config": dict(run)} if run else {})
    )
    family = (DOCKER_MANIFEST, DOCKER_CONFIG) if docker else (OCI_MANIFEST, CONFIG)
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": family[0],
        "config": _blob(config_type or family[1], config),
        "layers": [
            _blob(layer.media_type, layer.content)
            | ({"urls": ["https://vendor.test/layer"]} if layer.elsewhere else {})
            for layer in laid
        ],
    }
    if config_size is not None:
        manifest["config"]["size"] = config_size
    if annotations:
        manifest["annotations"] = dict(annotations)
    pushed = dict.fromkeys(layer.content for layer in laid if not layer.elsewhere)
    return Made(family[0], encoded(manifest), platform, blobs=(config, *pushed))


def statement_of(
    *subjects: Digest,
    platform: str = "",
    predicate: str = SLSA_02,
    bases: Mapping[str, Digest] | None = None,
) -> bytes:
    """A provenance statement as BuildKit writes it, in either version of SLSA, on images by name with tag."""
    qualifier = f"?platform={platform.replace('/', '%2F')}" if platform else ""
    named = [{"name": f"pkg:docker/web@1.0{qualifier}", "digest": {d.algorithm: d.encoded}} for d in subjects]
    read = [
        {"uri": f"pkg:docker/{name.replace(':', '@')}?platform=linux%2Famd64", "digest": {d.algorithm: d.encoded}}
        for name, d in (bases or {}).items()
    ]
    said = {"buildDefinition": {"resolvedDependencies": read}} if predicate == SLSA_1 else {"materials": read}
    return encoded({"predicateType": predicate, "subject": named, "predicate": said})


def attestation_of(
    image: Made, *, annotated: bool = True, statement: bytes | None = None, predicate: str = SLSA_02
) -> Made:
    """The attestation of an image as buildx writes it; without its annotation if told so."""
    said = statement_of(image.digest, platform=image.platform) if statement is None else statement
    config = encoded({"os": "unknown", "architecture": "unknown", "subject": str(image.digest)})
    layer = _blob(IN_TOTO, said) | {"annotations": {PREDICATE: predicate}}
    manifest = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": _blob(CONFIG, config), "layers": [layer]}
    annotations = {ATTESTATION_TYPE: "attestation-manifest", ATTESTATION_SUBJECT: str(image.digest)}
    return Made(
        OCI_MANIFEST,
        encoded(manifest),
        "unknown/unknown",
        annotations=annotations if annotated else {},
        blobs=(config, said),
    )


def artifact_of(image: Made, *, statement: bytes | None = None) -> Made:
    """The attestation of an image as an OCI 1.1 artifact, which names its subject itself."""
    said = statement_of(image.digest, platform=image.platform) if statement is None else statement
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": ATTESTATION_ARTIFACT,
        "config": _blob(EMPTY, b"{}"),
        "layers": [_blob(IN_TOTO, said) | {"annotations": {PREDICATE: SLSA_02}}],
        "subject": {"mediaType": image.media_type, "digest": str(image.digest), "size": len(image.content)},
    }
    return Made(OCI_MANIFEST, encoded(manifest), artifact_type=ATTESTATION_ARTIFACT, blobs=(b"{}", said))


def index_of(
    *entries: Made | str,
    attested: bool = False,
    docker: bool = False,
    annotations: Mapping[str, str] | None = None,
) -> Made:
    """An index of images, given or made for these platforms, each with its attestation if told so."""
    images = tuple(image_of(entry) if isinstance(entry, str) else entry for entry in entries)
    children = (*images, *(attestation_of(image) for image in images if attested))
    media_type = DOCKER_LIST if docker else OCI_INDEX
    content = {"schemaVersion": 2, "mediaType": media_type, "manifests": [child.entry for child in children]}
    said = {"annotations": dict(annotations)} if annotations else {}
    pushed = {child.digest: child for child in children}
    return Made(media_type, encoded(content | said), children=tuple(pushed.values()))


def encoded(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _blob(media_type: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": str(Digest.of(content)), "size": len(content)}


def _platform(text: str) -> dict[str, str]:
    parts = ("unknown", "unknown") if text == "unknown/unknown" else str(Platform.parse(text)).split("/")
    return dict(zip(("os", "architecture", "variant"), parts, strict=False))
