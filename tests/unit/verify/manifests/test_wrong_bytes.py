from dataclasses import replace

import pytest

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.snapshot import Snapshot, Trouble, TroubleKind
from bake_compiler.verify import check_image
from bake_compiler.verify.manifests.wrong_bytes import check_wrong_bytes
from tests.fakes.images import attestation_of, image_of, index_of
from tests.fakes.snapshots import REFERENCE, snapshot_of
from tests.unit.verify.promises import BOTH, corrupt, error, found

AMD = image_of("linux/amd64")
ARM = image_of("linux/arm64")
MADE = index_of(AMD, ARM, attested=True)
CONFIG = Digest.of(ARM.blobs[0])


def test_an_image_whose_bytes_are_those_of_their_digests_is_right() -> None:
    assert found(check_wrong_bytes, BOTH, snapshot_of(MADE)) == []


@pytest.mark.parametrize("digest", [ARM.digest, CONFIG])
def test_other_bytes_than_the_digest_says_are_wrong(digest: Digest) -> None:
    assert found(check_wrong_bytes, BOTH, snapshot_of(MADE, corrupt(digest))) == [error("wrong-bytes", "linux/arm64")]


def test_a_statement_of_other_bytes_takes_down_the_platform_of_its_image() -> None:
    digest = Digest.of(attestation_of(ARM).blobs[1])
    snapshot = snapshot_of(MADE, corrupt(digest, attestation_of(AMD).blobs[1]), provenance=True)

    assert found(check_wrong_bytes, BOTH, snapshot) == [error("wrong-bytes", "linux/arm64")]


def test_an_index_of_other_bytes_is_wrong_as_a_whole() -> None:
    assert found(check_image, BOTH, snapshot_of(MADE, corrupt(MADE.digest))) == [error("wrong-bytes")]


def test_a_reference_by_digest_that_gives_other_bytes_is_one_finding() -> None:
    at = REFERENCE.at(MADE.digest)
    snapshot = Snapshot(at, trouble=Trouble(TroubleKind.WRONG, "wrong bytes", "don't use what it serves"))

    assert found(check_image, replace(BOTH, reference=at, digest=MADE.digest), snapshot) == [error("wrong-bytes")]
