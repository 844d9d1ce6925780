"""Joins images that their vendor publishes separately into one index. The same images always give the same bytes."""

import json
from collections.abc import Iterator, Mapping, Sequence

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import ATTESTATION_SUBJECT, OCI_INDEX, Descriptor
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.snapshot import RawManifest


def join_indexes(images: Mapping[Platform, Descriptor], attestations: Sequence[Descriptor] = ()) -> RawManifest:
    """Return an index of these images, sorted by platform, followed by the attestations in the order of their images.

    The bytes are JSON without spaces, with members sorted by name. Each entry gets the platform of its key in `images`.
    """
    order = {str(image.digest): number for number, (_, image) in enumerate(sorted(images.items()))}
    entries = [_entry(image, platform) for platform, image in sorted(images.items())]
    entries += [
        _entry(each, each.platform)
        for each in sorted(attestations, key=lambda each: (order.get(_subject(each), len(order)), str(each.digest)))
    ]
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    content = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return RawManifest(OCI_INDEX, Digest.of(content), content)


def _subject(attestation: Descriptor) -> str:
    return attestation.annotations.get(ATTESTATION_SUBJECT, "")


def _entry(descriptor: Descriptor, platform: Platform | None) -> Mapping[str, object]:
    optional = {
        "platform": dict(_members(descriptor, platform)) if platform else None,
        "annotations": dict(descriptor.annotations),
        "artifactType": descriptor.artifact_type,
    }
    return {
        "mediaType": descriptor.media_type,
        "digest": str(descriptor.digest),
        "size": descriptor.size,
        **{name: value for name, value in optional.items() if value},
    }


def _members(descriptor: Descriptor, platform: Platform) -> Iterator[tuple[str, str]]:
    yield "os", platform.os
    yield "architecture", platform.architecture
    if platform.variant:
        yield "variant", platform.variant
    if descriptor.os_version:
        yield "os.version", descriptor.os_version
