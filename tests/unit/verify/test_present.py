import pytest

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.snapshot import Kind, RawManifest, Snapshot, Trouble
from bake_compiler.verify.present import check_present
from tests.fakes.images import image_of, index_of
from tests.fakes.snapshots import REFERENCE, snapshot_of
from tests.unit.verify.promises import BOTH, error, found, promise, warning


@pytest.mark.parametrize("docker", [False, True])
def test_an_index_of_either_family_is_present(docker: bool) -> None:
    snapshot = snapshot_of(index_of("linux/amd64", "linux/arm64", docker=docker))

    assert found(check_present, BOTH, snapshot) == []


def test_a_tag_that_is_not_there_is_absent() -> None:
    snapshot = snapshot_of(index_of(), lambda fake: fake.repositories.clear())

    assert found(check_present, BOTH, snapshot) == [error("absent")]


def test_what_is_there_but_unsound_is_malformed() -> None:
    raw = RawManifest("text/html", Digest.of(b""), b"")
    snapshot = Snapshot(REFERENCE, raw, trouble=Trouble(Kind.MALFORMED, "it is not JSON", "push it anew"))

    assert found(check_present, BOTH, snapshot) == [error("malformed")]


def test_a_plain_manifest_for_several_platforms_is_not_an_index() -> None:
    assert found(check_present, BOTH, snapshot_of(image_of("linux/amd64"))) == [error("not-an-index")]


def test_a_plain_manifest_for_its_only_platform_is_a_warning() -> None:
    snapshot = snapshot_of(image_of("linux/amd64"))

    assert found(check_present, promise("linux/amd64"), snapshot) == [warning("not-an-index")]
