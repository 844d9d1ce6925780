from dataclasses import replace

from bake_compiler.verify import check_image
from bake_compiler.verify.manifests.platform_duplicate import check_platform_duplicate
from tests.fakes.images import image_of, index_of
from tests.fakes.snapshots import snapshot_of
from tests.unit.verify.promises import BOTH, error, found, promise

WINDOWS = promise("windows/amd64")
OLD, NEW = "10.0.17763.6775", "10.0.20348.2966"


def test_one_entry_for_each_platform_is_right() -> None:
    assert found(check_platform_duplicate, BOTH, snapshot_of(index_of("linux/amd64", "linux/arm64"))) == []


def test_the_same_child_twice_is_a_duplicate() -> None:
    made = image_of("linux/arm64")

    assert found(check_platform_duplicate, BOTH, snapshot_of(index_of("linux/amd64", made, made))) == [
        error("platform-duplicate", "linux/arm64")
    ]


def test_two_children_for_one_platform_are_duplicates() -> None:
    other = image_of("linux/arm64", layers=(b"another build",))
    snapshot = snapshot_of(index_of("linux/amd64", "linux/arm64", other))

    assert found(check_platform_duplicate, BOTH, snapshot) == [error("platform-duplicate", "linux/arm64")]


def test_a_platform_of_the_index_and_of_one_nested_in_it_is_a_duplicate() -> None:
    inner = index_of(image_of("linux/arm64", layers=(b"another build",)))

    assert found(check_platform_duplicate, BOTH, snapshot_of(index_of("linux/arm64", inner))) == [
        error("platform-duplicate", "linux/arm64")
    ]


def test_entries_for_several_versions_of_windows_are_right() -> None:
    made = index_of(
        replace(image_of("windows/amd64", layers=(b"old",)), os_version=OLD),
        replace(image_of("windows/amd64", layers=(b"new",)), os_version=NEW),
    )

    assert found(check_image, WINDOWS, snapshot_of(made)) == []


def test_two_entries_for_one_version_of_windows_are_duplicates() -> None:
    made = index_of(
        replace(image_of("windows/amd64", layers=(b"one",)), os_version=NEW),
        replace(image_of("windows/amd64", layers=(b"two",)), os_version=NEW),
    )

    assert found(check_image, WINDOWS, snapshot_of(made)) == [error("platform-duplicate", "windows/amd64")]


def test_versions_of_a_system_tell_entries_apart_for_windows_only() -> None:
    made = index_of(
        *(replace(image_of("linux/amd64", layers=(layer,)), os_version=layer.decode()) for layer in (b"1", b"2"))
    )

    assert found(check_platform_duplicate, BOTH, snapshot_of(made)) == [error("platform-duplicate", "linux/amd64")]


def test_an_entry_that_engines_would_run_is_an_image_whatever_its_artifact_type() -> None:
    hidden = replace(image_of("linux/arm64", layers=(b"another build",)), artifact_type="application/vnd.example")

    assert found(check_platform_duplicate, BOTH, snapshot_of(index_of(hidden, "linux/arm64"))) == [
        error("platform-duplicate", "linux/arm64")
    ]
