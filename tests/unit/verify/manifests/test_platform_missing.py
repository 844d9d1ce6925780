from dataclasses import replace

import pytest

from bake_compiler.oci.digest import Digest
from bake_compiler.verify import check_image
from bake_compiler.verify.manifests.platform_missing import check_platform_missing
from tests.fakes.images import Made, attestation_of, image_of, index_of
from tests.fakes.snapshots import snapshot_of
from tests.unit.verify.promises import BOTH, error, found, lose, lose_all, promise


@pytest.mark.parametrize("attested", [False, True])
def test_exactly_the_promised_platforms_are_right(attested: bool) -> None:
    snapshot = snapshot_of(index_of("linux/arm64", "linux/amd64", attested=attested))

    assert found(check_platform_missing, BOTH, snapshot) == []


def test_platforms_of_a_nested_index_count() -> None:
    snapshot = snapshot_of(index_of("linux/amd64", index_of("linux/arm64")))

    assert found(check_platform_missing, BOTH, snapshot) == []


def test_a_platform_that_was_promised_and_is_not_there_is_missing() -> None:
    snapshot = snapshot_of(index_of("linux/amd64", attested=True))

    assert found(check_platform_missing, BOTH, snapshot) == [error("platform-missing", "linux/arm64")]


def test_a_plain_manifest_has_its_own_platform_only() -> None:
    snapshot = snapshot_of(image_of("linux/amd64"))

    assert found(check_platform_missing, BOTH, snapshot) == [error("platform-missing", "linux/arm64")]


def test_an_absent_image_has_no_missing_platforms() -> None:
    assert found(check_platform_missing, BOTH, snapshot_of(index_of("linux/amd64"), lose_all)) == []


def test_the_platform_of_a_child_that_is_not_there_is_not_missing_from_the_index() -> None:
    arm = image_of("linux/arm64")

    assert found(check_platform_missing, BOTH, snapshot_of(index_of("linux/amd64", arm), lose(arm.digest))) == []


@pytest.mark.parametrize(("listed", "wanted"), [("linux/arm64/v8", "linux/arm64"), ("linux/arm64", "linux/arm64/v8")])
def test_arm64_and_arm64_v8_are_one_platform(listed: str, wanted: str) -> None:
    made = image_of(listed)
    variant = listed.partition("arm64/")[2]
    content = index_of(made).content.replace(
        b'"architecture":"arm64"', f'"architecture":"arm64","variant":"{variant}"'.encode()
    )

    snapshot = snapshot_of(replace(index_of(made), content=content))

    assert found(check_platform_missing, promise(wanted), snapshot) == []


@pytest.mark.parametrize(
    ("listed", "wanted"),
    [("linux/arm/v6", "linux/arm/v7"), ("linux/amd64/v2", "linux/amd64"), ("linux/amd64", "linux/amd64/v3")],
)
def test_other_variants_are_other_platforms(listed: str, wanted: str) -> None:
    snapshot = snapshot_of(index_of(listed))

    assert found(check_platform_missing, promise(wanted), snapshot) == [error("platform-missing", wanted)]


def test_an_attestation_that_claims_a_platform_does_not_stand_for_an_image() -> None:
    image = image_of("linux/amd64")
    posing = replace(attestation_of(image), platform="linux/arm64")

    assert set(found(check_image, BOTH, snapshot_of(index_of(image, posing)))) == {
        error("media-type", "linux/arm64"),
        error("platform-lie", "linux/arm64"),
    }


def test_a_plain_manifest_whose_config_is_lost_proves_no_platform() -> None:
    made: Made = image_of("linux/amd64")
    snapshot = snapshot_of(made, lose(Digest.of(made.blobs[0])))

    assert found(check_platform_missing, promise("linux/amd64"), snapshot) == [error("platform-missing", "linux/amd64")]


def test_an_index_of_nothing_is_wrong_even_if_no_platform_is_named() -> None:
    assert found(check_image, promise(), snapshot_of(index_of())) == [error("platform-missing")]
