from dataclasses import replace

import pytest

from bake_compiler.oci.digest import Digest
from bake_compiler.verify.platforms import check_platforms
from tests.fakes.images import Made, attestation_of, image_of, index_of
from tests.fakes.snapshots import snapshot_of
from tests.unit.verify.promises import BOTH, error, found, promise, warning


@pytest.mark.parametrize("attested", [False, True])
def test_exactly_the_promised_platforms_are_right(attested: bool) -> None:
    snapshot = snapshot_of(index_of("linux/arm64", "linux/amd64", attested=attested))

    assert found(check_platforms, BOTH, snapshot) == []


def test_platforms_of_a_nested_index_count() -> None:
    snapshot = snapshot_of(index_of("linux/amd64", index_of("linux/arm64")))

    assert found(check_platforms, BOTH, snapshot) == []


def test_a_platform_that_was_promised_and_is_not_there_is_missing() -> None:
    snapshot = snapshot_of(index_of("linux/amd64", attested=True))

    assert found(check_platforms, BOTH, snapshot) == [error("platform-missing", "linux/arm64")]


def test_a_plain_manifest_has_its_own_platform_only() -> None:
    snapshot = snapshot_of(image_of("linux/amd64"))

    assert found(check_platforms, BOTH, snapshot) == [error("platform-missing", "linux/arm64")]


def test_an_absent_image_has_no_missing_platforms() -> None:
    snapshot = snapshot_of(index_of("linux/amd64"), lambda fake: fake.repositories.clear())

    assert found(check_platforms, BOTH, snapshot) == []


def test_a_platform_that_nobody_promised_is_a_warning() -> None:
    snapshot = snapshot_of(index_of("linux/amd64", "linux/arm64", "linux/riscv64"))

    assert found(check_platforms, BOTH, snapshot) == [warning("platform-extra", "linux/riscv64")]


@pytest.mark.parametrize(("listed", "wanted"), [("linux/arm64/v8", "linux/arm64"), ("linux/arm64", "linux/arm64/v8")])
def test_arm64_and_arm64_v8_are_one_platform(listed: str, wanted: str) -> None:
    made = image_of(listed)
    entry = made.entry["platform"] | {"variant": listed.partition("arm64/")[2]}
    content = index_of(made).content.replace(b'"architecture":"arm64"', _members(entry))

    assert found(check_platforms, promise(wanted), snapshot_of(replace(index_of(made), content=content))) == []


@pytest.mark.parametrize(
    ("listed", "wanted"),
    [("linux/arm/v6", "linux/arm/v7"), ("linux/amd64/v2", "linux/amd64"), ("linux/amd64", "linux/amd64/v3")],
)
def test_other_variants_are_other_platforms(listed: str, wanted: str) -> None:
    snapshot = snapshot_of(index_of(listed))

    assert found(check_platforms, promise(wanted), snapshot) == [
        error("platform-missing", wanted),
        warning("platform-extra", listed),
    ]


def test_the_same_child_twice_is_a_duplicate() -> None:
    made = image_of("linux/arm64")

    assert found(check_platforms, BOTH, snapshot_of(index_of("linux/amd64", made, made))) == [
        error("platform-duplicate", "linux/arm64")
    ]


def test_two_children_for_one_platform_are_duplicates() -> None:
    other = image_of("linux/arm64", layers=(b"another build",))
    snapshot = snapshot_of(index_of("linux/amd64", "linux/arm64", other))

    assert found(check_platforms, BOTH, snapshot) == [error("platform-duplicate", "linux/arm64")]


def test_an_unmarked_unknown_entry_is_no_attestation() -> None:
    image = image_of("linux/amd64")
    made = index_of(image, attestation_of(image, annotated=False))

    assert found(check_platforms, promise("linux/amd64"), snapshot_of(made)) == [error("platform-unknown")]


def test_an_unknown_entry_with_an_artifact_type_is_an_attestation() -> None:
    image = image_of("linux/amd64")
    marked = replace(attestation_of(image, annotated=False), artifact_type="application/spdx+json")

    assert found(check_platforms, promise("linux/amd64"), snapshot_of(index_of(image, marked))) == []


def test_an_attestation_that_claims_a_platform_does_not_stand_for_an_image() -> None:
    image = image_of("linux/amd64")
    posing = replace(attestation_of(image), platform="linux/arm64")

    assert found(check_platforms, BOTH, snapshot_of(index_of(image, posing))) == [
        error("platform-missing", "linux/arm64")
    ]


def test_an_entry_without_a_platform_is_unknown() -> None:
    made = index_of("linux/amd64", replace(image_of("linux/arm64"), platform=""))

    assert found(check_platforms, promise("linux/amd64"), snapshot_of(made)) == [error("platform-unknown")]


def test_a_plain_manifest_whose_config_is_lost_is_not_unknown_but_missing() -> None:
    made: Made = image_of("linux/amd64")
    snapshot = snapshot_of(made, lambda fake: fake.delete("acme/web", Digest.of(made.blobs[0])))

    assert found(check_platforms, promise("linux/amd64"), snapshot) == [error("platform-missing", "linux/amd64")]


def _members(entry: dict[str, str]) -> bytes:
    return f'"architecture":"{entry["architecture"]}","variant":"{entry["variant"]}"'.encode()
