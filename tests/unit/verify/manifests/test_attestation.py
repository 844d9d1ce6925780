import json
from dataclasses import replace

from bake_compiler.oci.manifest import ATTESTATION_SUBJECT
from bake_compiler.verify.manifests.attestation import check_attestation
from tests.fakes.images import artifact_of, attestation_of, encoded, image_of, index_of
from tests.fakes.snapshots import snapshot_of
from tests.unit.verify.promises import BOTH, error, found

AMD = image_of("linux/amd64")
ARM = image_of("linux/arm64")
RISCV = image_of("linux/riscv64")


def test_attestations_of_images_in_the_index_are_right() -> None:
    assert found(check_attestation, BOTH, snapshot_of(index_of(AMD, ARM, attested=True))) == []


def test_an_index_without_attestations_is_right() -> None:
    assert found(check_attestation, BOTH, snapshot_of(index_of(AMD, ARM))) == []


def test_an_attestation_of_an_image_that_is_not_in_the_index_is_wrong_and_names_it() -> None:
    snapshot = snapshot_of(index_of(AMD, ARM, attestation_of(RISCV)))

    assert found(check_attestation, BOTH, snapshot) == [error("attestation")]
    assert str(RISCV.digest) in check_attestation(BOTH, snapshot)[0].message


def test_an_artifact_is_bound_by_its_own_subject() -> None:
    assert found(check_attestation, BOTH, snapshot_of(index_of(AMD, ARM, artifact_of(ARM)))) == []
    assert found(check_attestation, BOTH, snapshot_of(index_of(AMD, ARM, artifact_of(RISCV)))) == [error("attestation")]


def test_an_artifact_of_nothing_is_no_attestation() -> None:
    artifact = artifact_of(RISCV)
    content = json.loads(artifact.content)
    del content["subject"]

    assert found(check_attestation, BOTH, snapshot_of(index_of(AMD, replace(artifact, content=encoded(content))))) == []


def test_an_attestation_of_nothing_is_wrong() -> None:
    attestation = attestation_of(ARM)
    annotations = {key: value for key, value in attestation.annotations.items() if key != ATTESTATION_SUBJECT}

    snapshot = snapshot_of(index_of(AMD, ARM, replace(attestation, annotations=annotations)))

    assert found(check_attestation, BOTH, snapshot) == [error("attestation")]
    assert "is of nothing" in check_attestation(BOTH, snapshot)[0].message


def test_an_attestation_of_what_is_no_digest_is_wrong() -> None:
    attestation = attestation_of(ARM)
    annotations = {**attestation.annotations, ATTESTATION_SUBJECT: "latest"}

    assert found(
        check_attestation, BOTH, snapshot_of(index_of(ARM, replace(attestation, annotations=annotations)))
    ) == [error("attestation")]


def test_an_attestation_in_a_nested_index_may_be_of_an_image_in_it() -> None:
    assert found(check_attestation, BOTH, snapshot_of(index_of(AMD, index_of(ARM, attested=True)))) == []
