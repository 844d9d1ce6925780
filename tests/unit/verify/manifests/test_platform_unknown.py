from dataclasses import replace

from bake_compiler.oci.digest import Digest
from bake_compiler.verify.manifests.platform_unknown import check_platform_unknown
from tests.fakes.images import artifact_of, attestation_of, image_of, index_of
from tests.fakes.snapshots import snapshot_of
from tests.unit.verify.promises import error, found, lose, promise

AMD = image_of("linux/amd64")
WANTED = promise("linux/amd64")


def test_images_and_attestations_are_known() -> None:
    assert found(check_platform_unknown, WANTED, snapshot_of(index_of(AMD, attested=True))) == []


def test_an_unmarked_unknown_entry_is_no_attestation() -> None:
    made = index_of(AMD, attestation_of(AMD, annotated=False))

    assert found(check_platform_unknown, WANTED, snapshot_of(made)) == [error("platform-unknown")]


def test_an_unknown_entry_with_an_artifact_type_is_an_attestation() -> None:
    marked = replace(attestation_of(AMD, annotated=False), artifact_type="application/spdx+json")

    assert found(check_platform_unknown, WANTED, snapshot_of(index_of(AMD, marked))) == []


def test_an_artifact_without_a_platform_is_known() -> None:
    assert found(check_platform_unknown, WANTED, snapshot_of(index_of(AMD, artifact_of(AMD)))) == []


def test_an_entry_without_a_platform_is_unknown() -> None:
    made = index_of(AMD, replace(image_of("linux/arm64"), platform=""))

    assert found(check_platform_unknown, WANTED, snapshot_of(made)) == [error("platform-unknown")]


def test_a_plain_manifest_whose_config_is_lost_is_not_unknown_but_missing() -> None:
    snapshot = snapshot_of(AMD, lose(Digest.of(AMD.blobs[0])))

    assert found(check_platform_unknown, WANTED, snapshot) == []
