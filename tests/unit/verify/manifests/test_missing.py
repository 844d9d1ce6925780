import pytest

from bake_compiler.oci.digest import Digest
from bake_compiler.verify.manifests.missing import check_missing
from tests.fakes.images import attestation_of, image_of, index_of
from tests.fakes.snapshots import snapshot_of
from tests.unit.verify.promises import BOTH, error, found, lose, lose_all

AMD = image_of("linux/amd64")
ARM = image_of("linux/arm64")
MADE = index_of(AMD, ARM, attested=True)
CONFIG, LAYER = (Digest.of(blob) for blob in ARM.blobs[:2])


def test_an_image_of_which_all_is_there_is_right() -> None:
    assert found(check_missing, BOTH, snapshot_of(MADE)) == []


@pytest.mark.parametrize("lost", [ARM.digest, CONFIG, LAYER])
def test_a_manifest_config_or_layer_that_is_not_there_is_missing_and_named(lost: Digest) -> None:
    snapshot = snapshot_of(MADE, lose(lost))

    assert found(check_missing, BOTH, snapshot) == [error("missing", "linux/arm64")]
    assert str(lost) in check_missing(BOTH, snapshot)[0].message


def test_a_layer_of_two_platforms_is_missing_on_both() -> None:
    assert found(check_missing, BOTH, snapshot_of(MADE, lose(Digest.of(b"shared")))) == [
        error("missing", "linux/amd64"),
        error("missing", "linux/arm64"),
    ]


def test_a_layer_that_occurs_twice_in_an_image_is_reported_once() -> None:
    made = index_of(image_of("linux/arm64", layers=(b"empty", b"empty")))

    assert found(check_missing, BOTH, snapshot_of(made, lose(Digest.of(b"empty")))) == [error("missing", "linux/arm64")]


def test_a_lost_attestation_takes_down_the_platform_of_its_image() -> None:
    assert found(check_missing, BOTH, snapshot_of(MADE, lose(attestation_of(ARM).digest))) == [
        error("missing", "linux/arm64")
    ]


def test_a_lost_statement_takes_down_the_platform_of_its_image() -> None:
    lost = Digest.of(attestation_of(ARM).blobs[1])

    assert found(check_missing, BOTH, snapshot_of(MADE, lose(lost))) == [error("missing", "linux/arm64")]


def test_a_lost_attestation_of_nothing_known_takes_down_the_image() -> None:
    orphan = attestation_of(image_of("linux/riscv64"))

    assert found(check_missing, BOTH, snapshot_of(index_of(AMD, orphan), lose(orphan.digest))) == [error("missing")]


def test_a_lost_nested_index_takes_down_the_image() -> None:
    inner = index_of(ARM)

    assert found(check_missing, BOTH, snapshot_of(index_of(AMD, inner), lose(inner.digest))) == [error("missing")]


def test_an_absent_image_is_left_to_another_check() -> None:
    assert found(check_missing, BOTH, snapshot_of(MADE, lose_all)) == []
