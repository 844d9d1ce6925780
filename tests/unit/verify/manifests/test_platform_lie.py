import pytest

from bake_compiler.oci.digest import Digest
from bake_compiler.verify.manifests.platform_lie import check_platform_lie
from tests.fakes.images import image_of, index_of
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
