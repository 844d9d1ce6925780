import json
from dataclasses import replace

import pytest

from bake_compiler.oci.digest import Digest
from bake_compiler.verify.manifests.platform_lie import check_platform_lie
from tests.fakes.images import Made, encoded, image_of, index_of
from tests.fakes.snapshots import snapshot_of
from tests.unit.verify.promises import BOTH, error, found, lose


def test_a_config_that_agrees_with_its_entry_is_right() -> None:
    snapshot = snapshot_of(index_of("linux/amd64", "linux/arm64", "linux/arm/v6", attested=True))

    assert found(check_platform_lie, BOTH, snapshot) == []


@pytest.mark.parametrize(
    ("platform", "says"),
    [
        ("linux/arm64", "linux/amd64"),
        ("linux/arm/v7", "linux/arm/v6"),
        ("linux/amd64/v2", "linux/amd64"),
        ("linux/amd64", "windows/amd64"),
    ],
)
def test_a_config_of_another_platform_makes_its_entry_a_lie(platform: str, says: str) -> None:
    snapshot = snapshot_of(index_of(image_of(platform, says=says)))

    assert found(check_platform_lie, BOTH, snapshot) == [error("platform-lie", platform)]


def test_a_config_that_could_not_be_read_is_no_lie() -> None:
    made = image_of("linux/arm64", says="linux/amd64")
    snapshot = snapshot_of(index_of(made), lose(Digest.of(made.blobs[0])))

    assert found(check_platform_lie, BOTH, snapshot) == []


def test_an_arm_config_without_a_variant_is_no_lie() -> None:
    snapshot = snapshot_of(index_of(_saying("linux/arm/v6", os="linux", architecture="arm")))

    assert found(check_platform_lie, BOTH, snapshot) == []


def test_an_arm_config_of_another_system_is_a_lie_without_a_variant_too() -> None:
    snapshot = snapshot_of(index_of(_saying("linux/arm/v7", os="windows", architecture="arm")))

    assert found(check_platform_lie, BOTH, snapshot) == [error("platform-lie", "linux/arm/v7")]


def _saying(platform: str, **members: str) -> Made:
    """An image whose config has these members only."""
    config = encoded(members)
    made = image_of(platform, layers=())
    stated = json.loads(made.content)
    stated["config"] |= {"digest": str(Digest.of(config)), "size": len(config)}
    return replace(made, content=encoded(stated), blobs=(config,))
