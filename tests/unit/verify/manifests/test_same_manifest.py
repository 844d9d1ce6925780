from dataclasses import replace

from bake_compiler.verify.manifests.same_manifest import check_same_manifest
from tests.fakes.images import image_of, index_of
from tests.fakes.snapshots import snapshot_of
from tests.unit.verify.promises import BOTH, error, found


def test_each_platform_with_its_own_manifest_is_right() -> None:
    assert found(check_same_manifest, BOTH, snapshot_of(index_of("linux/amd64", "linux/arm64"))) == []


def test_one_manifest_for_two_platforms_is_wrong_on_both() -> None:
    made = image_of("linux/amd64")
    snapshot = snapshot_of(index_of(made, replace(made, platform="linux/arm64")))

    assert found(check_same_manifest, BOTH, snapshot) == [
        error("same-manifest", "linux/amd64"),
        error("same-manifest", "linux/arm64"),
    ]


def test_one_manifest_for_two_variants_is_wrong_too() -> None:
    made = image_of("linux/arm/v6")
    snapshot = snapshot_of(index_of(made, replace(made, platform="linux/arm/v7")))

    assert [code for _, _, code in found(check_same_manifest, BOTH, snapshot)] == ["same-manifest"] * 2


def test_one_manifest_twice_for_one_platform_is_left_to_another_check() -> None:
    made = image_of("linux/amd64")

    assert found(check_same_manifest, BOTH, snapshot_of(index_of(made, made))) == []
