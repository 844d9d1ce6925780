from dataclasses import replace

from bake_compiler.verify.distinct import check_distinct
from tests.fakes.images import image_of, index_of
from tests.fakes.snapshots import snapshot_of
from tests.unit.verify.promises import BOTH, error, found


def test_each_platform_with_its_own_manifest_is_right() -> None:
    assert found(check_distinct, BOTH, snapshot_of(index_of("linux/amd64", "linux/arm64"))) == []


def test_one_manifest_for_two_platforms_is_wrong_on_both() -> None:
    made = image_of("linux/amd64")
    snapshot = snapshot_of(index_of(made, replace(made, platform="linux/arm64")))

    assert found(check_distinct, BOTH, snapshot) == [
        error("same-manifest", "linux/amd64"),
        error("same-manifest", "linux/arm64"),
    ]


def test_one_manifest_twice_for_one_platform_is_left_to_another_check() -> None:
    made = image_of("linux/amd64")

    assert found(check_distinct, BOTH, snapshot_of(index_of(made, made))) == []
