"""Images that are wrong in what the registry says of them: no layer need be read to see it."""

import json
from dataclasses import replace
from typing import Any

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import ATTESTATION_SUBJECT, ATTESTATION_TYPE, DOCKER_MANIFEST, OCI_INDEX
from bake_compiler.oci.platform import Platform
from bake_compiler.verify import Annotation, Level
from tests.fakes.images import Layer, Made, artifact_of, attestation_of, encoded, image_of, index_of, statement_of
from tests.gallery.exhibit import AMD64, ARM64, BOTH, Corrupt, Exhibit, Lose, Refuse, found, warned

VERSION = "org.opencontainers.image.version"
HELM = "application/vnd.cncf.helm.config.v1+json"
CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
NO_SUCH_UPLOAD = "distribution refuses a manifest that is none"
NO_WRONG_BYTES = "distribution serves no bytes that are not those of their digest"
NO_REFUSAL = "the sandbox's registry refuses nothing"
LABELS = {VERSION: "1.0"}

AMD, ARM = (image_of(platform, run={"Labels": LABELS}, annotations=LABELS) for platform in BOTH)
SOUND = index_of(AMD, ARM, attested=True)
OTHER = index_of(*(image_of(platform, layers=(b"another build",)) for platform in BOTH))
ARM_CONFIG, ARM_LAYER, SHARED = (Digest.of(blob) for blob in ARM.blobs)


def beside(image: Made) -> tuple[Made, Made]:
    """The sound amd64 image, and this one."""
    return AMD, image


def arm(**how: Any) -> Made:
    """An index whose arm64 image was made in some other way."""
    return index_of(*beside(image_of(ARM64, **how)))


def rewritten(image: Made, **members: Any) -> Made:
    """The same image, with some members of its manifest replaced."""
    return replace(image, content=encoded(json.loads(image.content) | members))


def sized(image: Made, size: int) -> Made:
    """The same image, whose manifest says another size of its first layer."""
    document = json.loads(image.content)
    document["layers"][0]["size"] = size
    return rewritten(image, layers=document["layers"])


def nested(depth: int) -> Made:
    made = index_of(ARM)
    for _ in range(depth):
        made = index_of(made)
    return made


def listed(*entries: dict[str, Any], children: tuple[Made, ...]) -> Made:
    """An index with entries that are not quite those of its children."""
    return Made(
        OCI_INDEX, encoded({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}), children=children
    )


def annotations(level: Level, platform: str = "") -> dict[str, Any]:
    at = Platform.parse(platform) if platform else None
    return {"annotations": (Annotation(level, at, VERSION, "1.0"),)}


PLATFORMS = (
    Exhibit(
        "a single-architecture manifest under the tag",
        AMD,
        found("not-an-index") | found("platform-missing", ARM64),
    ),
    Exhibit("a manifest of the only platform", AMD, warned("not-an-index"), (AMD64,)),
    Exhibit("a platform is missing from the index", index_of(AMD), found("platform-missing", ARM64)),
    Exhibit(
        "a merge that kept only the attestation of a platform",
        index_of(AMD, attestation_of(AMD), attestation_of(ARM)),
        found("platform-missing", ARM64) | found("attestation"),
    ),
    Exhibit("an index of nothing", index_of(), found("platform-missing", *BOTH)),
    Exhibit(
        "the other variant of arm",
        index_of(AMD, "linux/arm/v6"),
        found("platform-missing", "linux/arm/v7") | warned("platform-extra", "linux/arm/v6"),
        platforms=(AMD64, "linux/arm/v7"),
    ),
    Exhibit(
        "amd64/v3 in place of amd64",
        index_of("linux/amd64/v3", ARM),
        found("platform-missing", AMD64) | warned("platform-extra", "linux/amd64/v3"),
    ),
    Exhibit(
        "two builds of one platform",
        index_of(AMD, ARM, image_of(ARM64, layers=(b"another build",))),
        found("platform-duplicate", ARM64),
    ),
    Exhibit("one child merged twice", index_of(AMD, ARM, ARM), found("platform-duplicate", ARM64)),
    Exhibit(
        "two entries for one version of Windows",
        index_of(
            *(replace(image_of("windows/amd64", layers=(layer,)), os_version="10.0.20348.1") for layer in (b"1", b"2"))
        ),
        found("platform-duplicate", "windows/amd64"),
        platforms=("windows/amd64",),
    ),
    Exhibit(
        "a platform that nobody promised",
        index_of(AMD, ARM, "linux/riscv64"),
        warned("platform-extra", "linux/riscv64"),
    ),
    Exhibit(
        "the digest of one architecture under both platforms",
        index_of(AMD, replace(AMD, platform=ARM64)),
        found("same-manifest", *BOTH) | found("platform-lie", ARM64),
    ),
    Exhibit(
        "swapped children",
        index_of(replace(ARM, platform=AMD64), replace(AMD, platform=ARM64)),
        found("platform-lie", *BOTH),
    ),
    Exhibit("a config that lies about its architecture", arm(says=AMD64), found("platform-lie", ARM64)),
    Exhibit(
        "a config that lies about its variant",
        index_of(AMD, image_of("linux/arm/v7", says="linux/arm/v6")),
        found("platform-lie", "linux/arm/v7"),
        platforms=(AMD64, "linux/arm/v7"),
    ),
    Exhibit("a config that lies about its system", arm(says="windows/arm64"), found("platform-lie", ARM64)),
    Exhibit(
        "an entry for an unknown platform", index_of(AMD, ARM, image_of("unknown/unknown")), found("platform-unknown")
    ),
    Exhibit(
        "an entry without a platform",
        index_of(AMD, ARM, replace(image_of("linux/s390x"), platform="")),
        found("platform-unknown"),
    ),
)

CONTENT = (
    Exhibit("a tag that is gone", SOUND, found("absent"), damage=(Lose(SOUND.digest, manifest=True),)),
    Exhibit("a child that is gone", SOUND, found("missing", ARM64), damage=(Lose(ARM.digest, manifest=True),)),
    Exhibit("a config that is gone", SOUND, found("missing", ARM64), damage=(Lose(ARM_CONFIG),)),
    Exhibit("a layer that is gone", SOUND, found("missing", ARM64), damage=(Lose(ARM_LAYER),)),
    Exhibit("a layer of both platforms that is gone", SOUND, found("missing", *BOTH), damage=(Lose(SHARED),)),
    Exhibit(
        "an attestation that is gone",
        SOUND,
        found("missing", ARM64),
        damage=(Lose(attestation_of(ARM).digest, manifest=True),),
    ),
    Exhibit(
        "a statement that is gone",
        SOUND,
        found("missing", ARM64),
        damage=(Lose(Digest.of(attestation_of(ARM).blobs[1])),),
    ),
    Exhibit(
        "a nested index that is gone",
        index_of(AMD, index_of(ARM)),
        found("missing") | found("platform-missing", ARM64),
        damage=(Lose(index_of(ARM).digest, manifest=True),),
    ),
    Exhibit(
        "a child of other bytes",
        SOUND,
        found("wrong-bytes", ARM64),
        damage=(Corrupt(ARM.digest, AMD.content),),
        only_fake=NO_WRONG_BYTES,
    ),
    Exhibit(
        "a config of other bytes",
        SOUND,
        found("wrong-bytes", ARM64),
        damage=(Corrupt(ARM_CONFIG, AMD.blobs[0]),),
        only_fake=NO_WRONG_BYTES,
    ),
    Exhibit(
        "a layer that is cut short",
        SOUND,
        found("size", ARM64),
        damage=(Corrupt(ARM_LAYER, b"base"),),
        only_fake=NO_WRONG_BYTES,
    ),
    Exhibit("an entry of another size", index_of(AMD, replace(ARM, size=1)), found("size", ARM64)),
    Exhibit("a config of another size", arm(config_size=1), found("size", ARM64)),
    Exhibit("a layer of another size", index_of(AMD, sized(ARM, 1)), found("size", ARM64)),
    Exhibit("a nested index of another size", index_of(AMD, replace(index_of(ARM), size=1)), found("size")),
    Exhibit(
        "a Helm chart that poses as an image",
        arm(layers=(Layer(b"chart", CHART),), config_type=HELM),
        found("media-type", ARM64),
    ),
    Exhibit(
        "a layer compressed as no engine can read it",
        arm(layers=(Layer(b"layer", "application/vnd.oci.image.layer.v1.tar+bzip2"),)),
        found("media-type", ARM64),
    ),
    Exhibit(
        "an entry that says Docker, of an OCI manifest",
        listed(AMD.entry, ARM.entry | {"mediaType": DOCKER_MANIFEST}, children=(AMD, ARM)),
        found("malformed", ARM64),
    ),
    Exhibit(
        "an entry that says index, of an image",
        listed(AMD.entry, ARM.entry | {"mediaType": OCI_INDEX}, children=(AMD, ARM)),
        found("malformed") | found("platform-missing", ARM64),
    ),
    Exhibit(
        "a child that is no manifest",
        index_of(AMD, replace(ARM, content=b"{}")),
        found("malformed", ARM64),
        only_fake=NO_SUCH_UPLOAD,
    ),
    Exhibit(
        "a child that two readers would read differently",
        index_of(AMD, rewritten(ARM, manifests=[])),
        found("malformed", ARM64),
        only_fake=NO_SUCH_UPLOAD,
    ),
    Exhibit(
        "a config that is no JSON",
        index_of(
            *beside(
                rewritten(
                    replace(ARM, blobs=(b"config", *ARM.blobs[1:])),
                    config={
                        "mediaType": "application/vnd.oci.image.config.v1+json",
                        "digest": str(Digest.of(b"config")),
                        "size": 6,
                    },
                )
            )
        ),
        found("malformed", ARM64),
    ),
    Exhibit(
        "indexes in indexes in indexes", index_of(AMD, nested(5)), found("malformed") | found("platform-missing", ARM64)
    ),
    Exhibit("more layers than any engine takes", arm(layers=(b"layer",) * 1001), found("over-limit", ARM64)),
    Exhibit(
        "more entries than any image needs",
        index_of(*([AMD] * 600), *([ARM] * 600)),
        found("over-limit") | found("platform-missing", *BOTH),
    ),
    Exhibit(
        "a registry that wants credentials", SOUND, found("unchecked"), damage=(Refuse(401),), only_fake=NO_REFUSAL
    ),
    Exhibit(
        "a layer that may not be seen",
        SOUND,
        found("unchecked", ARM64),
        damage=(Refuse(403, str(ARM_LAYER)),),
        only_fake=NO_REFUSAL,
    ),
    Exhibit(
        "a child for which the registry fails",
        SOUND,
        found("unchecked", ARM64),
        damage=(Refuse(500, str(ARM.digest)),),
        only_fake=NO_REFUSAL,
    ),
)

PROMISED = (
    Exhibit("a tag moved between push and check", OTHER, found("digest"), promise={"digest": SOUND.digest}),
    Exhibit("a tag that names an older build", SOUND, found("tags-differ"), tags={"latest": OTHER, "stable": SOUND}),
    Exhibit("a tag that was never moved", SOUND, found("absent"), tags={"latest": None}),
    Exhibit(
        "a label of another version",
        arm(run={"Labels": {VERSION: "0.9"}}),
        found("label", ARM64),
        promise={"labels": LABELS},
    ),
    Exhibit("an image without labels", arm(), found("label", ARM64), promise={"labels": {VERSION: None}}),
    Exhibit("an index without its annotation", SOUND, found("annotation"), promise=annotations(Level.INDEX)),
    Exhibit(
        "a manifest without its annotation", arm(), found("annotation", ARM64), promise=annotations(Level.MANIFEST)
    ),
    Exhibit(
        "an entry without its annotation",
        index_of(AMD, replace(ARM, annotations=LABELS)),
        found("annotation", AMD64),
        promise=annotations(Level.MANIFEST_DESCRIPTOR),
    ),
    Exhibit(
        "an annotation of another version, on one platform",
        arm(annotations={VERSION: "0.9"}),
        found("annotation", ARM64),
        promise=annotations(Level.MANIFEST, ARM64),
    ),
    Exhibit(
        "an image without provenance",
        index_of(AMD, ARM, attestation_of(AMD)),
        found("provenance", ARM64),
        promise={"provenance": True},
    ),
    Exhibit(
        "an SBOM in place of provenance",
        index_of(AMD, ARM, attestation_of(AMD), attestation_of(ARM, predicate="https://spdx.dev/Document")),
        found("provenance", ARM64),
        promise={"provenance": True},
    ),
    Exhibit(
        "provenance of another image",
        index_of(AMD, ARM, attestation_of(AMD), attestation_of(ARM, statement=statement_of(AMD.digest))),
        found("provenance", ARM64),
        promise={"provenance": True},
    ),
    Exhibit(
        "provenance for another platform",
        index_of(
            AMD, ARM, attestation_of(AMD), attestation_of(ARM, statement=statement_of(ARM.digest, platform=AMD64))
        ),
        found("provenance", ARM64),
        promise={"provenance": True},
    ),
    Exhibit(
        "provenance that is none",
        index_of(AMD, ARM, attestation_of(AMD), attestation_of(ARM, statement=b"[]")),
        found("provenance", ARM64) | found("malformed", ARM64),
        promise={"provenance": True},
    ),
    Exhibit(
        "an attestation of an image that was replaced",
        index_of(AMD, ARM, attestation_of(image_of(ARM64, layers=()))),
        found("attestation"),
    ),
    Exhibit(
        "an attestation of nothing",
        index_of(
            AMD,
            ARM,
            replace(
                attestation_of(ARM),
                annotations={ATTESTATION_TYPE: "attestation-manifest", ATTESTATION_SUBJECT: "latest"},
            ),
        ),
        found("attestation"),
    ),
    Exhibit(
        "an artifact of an image that was replaced",
        index_of(AMD, ARM, artifact_of(image_of(ARM64, layers=()))),
        found("attestation"),
    ),
)

WRONG_MANIFESTS = (*PLATFORMS, *CONTENT, *PROMISED)
