"""Images to verify: as many small ones as asked for, in repositories of their own, of the shape that buildx pushes."""

import asyncio
import gzip
import io
import tarfile
from typing import Any

import httpx

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import ATTESTATION_SUBJECT, ATTESTATION_TYPE, OCI_INDEX, OCI_MANIFEST
from tests.fakes.images import CONFIG, IN_TOTO, LAYER, Made, encoded
from tests.fakes.upload import upload

ARCHITECTURES = ("amd64", "arm64")
_AT_ONCE = 16
_CREATED = "2026-01-01T00:00:00Z"
_HISTORY = [
    {"created": _CREATED, "created_by": f"COPY /rootfs-{number}/ / # buildkit", "comment": "buildkit.dockerfile.v0"}
    for number in range(8)
]


def references(registry: str, images: int) -> list[str]:
    """The references of a fleet."""
    return [f"{registry}/{_repository(number)}:1" for number in range(images)]


def image(number: int) -> Made:
    """One image for two platforms, each with three layers, and an attestation for each.

    One layer is in every image of the platform, one is in both platforms of the image, one is nowhere else.
    """
    platforms = [_platform(number, architecture) for architecture in ARCHITECTURES]
    children = (*platforms, *map(_attestation, platforms))
    entries = [child.entry for child in children]
    content = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    return Made(OCI_INDEX, encoded(content), children=children)


async def push(registry: str, images: int) -> None:
    """Push the images that the registry does not have yet."""
    free = asyncio.Semaphore(_AT_ONCE)
    url = f"http://{registry}"

    async def one(http: httpx.AsyncClient, number: int) -> None:
        async with free:
            made = image(number)
            tag = f"{url}/v2/{_repository(number)}/manifests/1"
            there = await http.head(tag, headers={"Accept": made.media_type})
            if there.headers.get("Docker-Content-Digest") != str(made.digest):
                await upload(http, url, _repository(number), "1", made)

    async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
        await asyncio.gather(*(one(http, number) for number in range(images)))


def _repository(number: int) -> str:
    return f"bench/fleet-{number:03}"


def _platform(number: int, architecture: str) -> Made:
    tars = [_tar(f"base {architecture}"), _tar(f"assets {number}"), _tar(f"program {number} {architecture}")]
    config = _config("linux", architecture, tars) | {
        "created": _CREATED,
        "config": {"Cmd": ["/program"], "Env": ["PATH=/usr/bin:/bin"], "Labels": {"number": str(number)}},
        "history": _HISTORY,
    }
    layers = tuple(gzip.compress(tar, mtime=0) for tar in tars)
    return _made(config, LAYER, layers, platform=f"linux/{architecture}")


def _attestation(image: Made) -> Made:
    statement = encoded(
        {
            "_type": "https://in-toto.io/Statement/v0.1",
            "predicateType": "https://slsa.dev/provenance/v0.2",
            "subject": [
                {
                    "name": f"pkg:docker/fleet@1?platform={image.platform.replace('/', '%2F')}",
                    "digest": {"sha256": image.digest.encoded},
                }
            ],
            "predicate": {"buildType": "https://mobyproject.org/buildkit@v1", "materials": []},
        }
    )
    config = _config("unknown", "unknown", [statement]) | {"config": {}}
    bound = {ATTESTATION_TYPE: "attestation-manifest", ATTESTATION_SUBJECT: str(image.digest)}
    return _made(config, IN_TOTO, (statement,), platform="unknown/unknown", annotations=bound)


def _made(config: dict[str, Any], layer_type: str, layers: tuple[bytes, ...], **entry: Any) -> Made:
    blobs = [_blob(CONFIG, encoded(config)), *(_blob(layer_type, layer) for layer in layers)]
    manifest = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": blobs[0], "layers": blobs[1:]}
    return Made(OCI_MANIFEST, encoded(manifest), blobs=(encoded(config), *layers), **entry)


def _config(system: str, architecture: str, layers: list[bytes]) -> dict[str, Any]:
    diff_ids = [str(Digest.of(layer)) for layer in layers]
    return {"os": system, "architecture": architecture, "rootfs": {"type": "layers", "diff_ids": diff_ids}}


def _blob(media_type: str, content: bytes) -> dict[str, Any]:
    annotations = {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"} if media_type == IN_TOTO else {}
    blob = {"mediaType": media_type, "digest": str(Digest.of(content)), "size": len(content)}
    return blob | ({"annotations": annotations} if annotations else {})


def _tar(text: str) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        member = tarfile.TarInfo(text.replace(" ", "/"))
        member.size = len(text)
        tar.addfile(member, io.BytesIO(text.encode()))
    return file.getvalue()
