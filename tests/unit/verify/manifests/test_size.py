from dataclasses import replace

from bake_compiler.oci.digest import Digest
from bake_compiler.verify.manifests.size import check_size
from tests.fakes.images import image_of, index_of
from tests.fakes.registry import Fault
from tests.fakes.snapshots import snapshot_of
from tests.unit.verify.promises import BOTH, corrupt, error, found, lose

AMD = image_of("linux/amd64")
ARM = image_of("linux/arm64")
MADE = index_of(AMD, ARM, attested=True)
LAYER = Digest.of(ARM.blobs[1])


def test_an_image_of_which_all_has_its_size_is_right() -> None:
    assert found(check_size, BOTH, snapshot_of(MADE)) == []


def test_a_manifest_of_another_size_than_its_entry_says_is_wrong() -> None:
    made = index_of(AMD, replace(ARM, size=1))

    assert found(check_size, BOTH, snapshot_of(made)) == [error("size", "linux/arm64")]


def test_a_config_of_another_size_than_its_manifest_says_is_wrong() -> None:
    made = index_of(AMD, image_of("linux/arm64", config_size=1))

    assert found(check_size, BOTH, snapshot_of(made)) == [error("size", "linux/arm64")]


def test_a_layer_of_another_size_than_its_manifest_says_is_wrong() -> None:
    snapshot = snapshot_of(MADE, corrupt(LAYER, b"cut"))

    assert found(check_size, BOTH, snapshot) == [error("size", "linux/arm64")]
    assert "has 3 bytes" in check_size(BOTH, snapshot)[0].message


def test_a_layer_of_two_platforms_is_wrong_on_both() -> None:
    snapshot = snapshot_of(MADE, corrupt(Digest.of(b"shared"), b"cut"))

    assert found(check_size, BOTH, snapshot) == [error("size", "linux/amd64"), error("size", "linux/arm64")]


def test_a_nested_index_of_another_size_than_its_entry_says_is_wrong() -> None:
    made = index_of(AMD, replace(index_of(ARM), size=1))

    assert found(check_size, BOTH, snapshot_of(made)) == [error("size")]


def test_a_layer_whose_size_the_registry_does_not_say_is_not_judged_by_size() -> None:
    fault = Fault(200, path=str(LAYER), headers={"Content-Length": "?"})

    assert found(check_size, BOTH, snapshot_of(MADE, lambda fake: fake.faults.append(fault))) == []


def test_what_is_missing_has_no_wrong_size() -> None:
    assert found(check_size, BOTH, snapshot_of(index_of(AMD, replace(ARM, size=1)), lose(ARM.digest))) == []
