from bake_compiler.verify.manifests.not_an_index import check_not_an_index
from tests.fakes.images import image_of, index_of
from tests.fakes.snapshots import snapshot_of
from tests.unit.verify.promises import BOTH, error, found, lose_all, promise, warning


def test_a_plain_manifest_for_several_platforms_is_not_an_index() -> None:
    assert found(check_not_an_index, BOTH, snapshot_of(image_of("linux/amd64"))) == [error("not-an-index")]


def test_a_plain_manifest_for_its_only_platform_is_a_warning() -> None:
    snapshot = snapshot_of(image_of("linux/amd64"))

    assert found(check_not_an_index, promise("linux/amd64"), snapshot) == [warning("not-an-index")]


def test_an_index_of_one_image_is_an_index() -> None:
    assert found(check_not_an_index, promise("linux/amd64"), snapshot_of(index_of("linux/amd64"))) == []


def test_what_is_absent_is_not_judged() -> None:
    assert found(check_not_an_index, BOTH, snapshot_of(image_of("linux/amd64"), lose_all)) == []
