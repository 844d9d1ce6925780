from bake_compiler.oci.digest import Digest
from bake_compiler.verify.manifests.digest import check_digest
from tests.fakes.images import index_of
from tests.fakes.snapshots import snapshot_of
from tests.unit.verify.promises import BOTH, error, found, lose_all, promise

MADE = index_of("linux/amd64")
OTHER = Digest.of(b"this run's")


def test_the_digest_that_was_pushed_is_right() -> None:
    assert found(check_digest, promise("linux/amd64", digest=MADE.digest), snapshot_of(MADE)) == []


def test_any_digest_is_right_when_none_was_promised() -> None:
    assert found(check_digest, BOTH, snapshot_of(MADE)) == []


def test_another_digest_than_was_pushed_is_wrong() -> None:
    assert found(check_digest, promise("linux/amd64", digest=OTHER), snapshot_of(MADE)) == [error("digest")]


def test_says_both_digests_and_who_wants_which() -> None:
    wanted = promise("linux/amd64", digest=OTHER, source="release.json")

    (finding,) = check_digest(wanted, snapshot_of(MADE))

    assert f"holds {MADE.digest}" in finding.message
    assert f"release.json has {OTHER}" in finding.message


def test_an_absent_image_has_no_wrong_digest() -> None:
    wanted = promise("linux/amd64", digest=MADE.digest)

    assert found(check_digest, wanted, snapshot_of(MADE, lose_all)) == []
