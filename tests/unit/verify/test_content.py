from dataclasses import replace

import pytest

from bake_compiler.oci.digest import Digest
from bake_compiler.verify.content import check_content
from tests.fakes.images import attestation_of, image_of, index_of
from tests.fakes.registry import FakeRegistry, Fault
from tests.fakes.snapshots import snapshot_of
from tests.unit.verify.promises import BOTH, error, found

AMD = image_of("linux/amd64")
ARM = image_of("linux/arm64")
MADE = index_of(AMD, ARM, attested=True)
CONFIG, LAYER = (Digest.of(blob) for blob in ARM.blobs[:2])


def test_an_image_of_which_all_is_there_is_right() -> None:
    assert found(check_content, BOTH, snapshot_of(MADE)) == []


@pytest.mark.parametrize("lost", [ARM.digest, CONFIG, LAYER])
def test_a_manifest_config_or_layer_that_is_not_there_is_missing(lost: Digest) -> None:
    snapshot = snapshot_of(MADE, lambda fake: fake.delete("acme/web", lost))

    assert found(check_content, BOTH, snapshot) == [error("child-missing", "linux/arm64")]


def test_a_layer_of_two_platforms_is_missing_on_both() -> None:
    snapshot = snapshot_of(MADE, lambda fake: fake.delete("acme/web", Digest.of(b"shared")))

    assert found(check_content, BOTH, snapshot) == [
        error("child-missing", "linux/amd64"),
        error("child-missing", "linux/arm64"),
    ]


def test_a_layer_that_occurs_twice_in_an_image_is_reported_once() -> None:
    made = index_of(image_of("linux/arm64", layers=(b"empty", b"empty")))
    snapshot = snapshot_of(made, lambda fake: fake.delete("acme/web", Digest.of(b"empty")))

    assert found(check_content, BOTH, snapshot) == [error("child-missing", "linux/arm64")]


def test_a_lost_attestation_takes_down_the_platform_of_its_image() -> None:
    lost = attestation_of(ARM).digest
    snapshot = snapshot_of(MADE, lambda fake: fake.delete("acme/web", lost))

    assert found(check_content, BOTH, snapshot) == [error("child-missing", "linux/arm64")]


def test_a_lost_attestation_of_nothing_known_takes_down_the_image() -> None:
    orphan = attestation_of(image_of("linux/riscv64"))
    snapshot = snapshot_of(index_of(AMD, orphan), lambda fake: fake.delete("acme/web", orphan.digest))

    assert found(check_content, BOTH, snapshot) == [error("child-missing")]


def test_a_lost_nested_index_takes_down_the_image() -> None:
    inner = index_of(ARM)
    snapshot = snapshot_of(index_of(AMD, inner), lambda fake: fake.delete("acme/web", inner.digest))

    assert found(check_content, BOTH, snapshot) == [error("child-missing")]


@pytest.mark.parametrize("digest", [ARM.digest, CONFIG])
def test_other_bytes_than_the_digest_says_are_wrong(digest: Digest) -> None:
    snapshot = snapshot_of(MADE, lambda fake: fake.corrupt("acme/web", digest, b"{}"))

    assert found(check_content, BOTH, snapshot) == [error("child-wrong", "linux/arm64")]


def test_a_child_that_is_no_manifest_is_malformed() -> None:
    made = index_of(AMD, replace(ARM, content=b"{}"))

    assert found(check_content, BOTH, snapshot_of(made)) == [error("child-malformed", "linux/arm64")]


@pytest.mark.parametrize("fault", [Fault(401), Fault(403), Fault(500), Fault(reset=True)])
@pytest.mark.parametrize("digest", [ARM.digest, CONFIG, LAYER])
def test_what_could_not_be_asked_for_is_unchecked_and_never_right(fault: Fault, digest: Digest) -> None:
    def hide(fake: FakeRegistry) -> None:
        fake.faults.append(replace(fault, path=str(digest), times=99))

    assert found(check_content, BOTH, snapshot_of(MADE, hide)) == [error("unchecked", "linux/arm64")]


def test_a_manifest_of_another_size_than_its_entry_says_is_wrong() -> None:
    made = index_of(AMD, replace(ARM, size=1))

    assert found(check_content, BOTH, snapshot_of(made)) == [error("size", "linux/arm64")]


def test_a_config_of_another_size_than_its_manifest_says_is_wrong() -> None:
    made = index_of(AMD, image_of("linux/arm64", config_size=1))

    assert found(check_content, BOTH, snapshot_of(made)) == [error("size", "linux/arm64")]


def test_a_layer_of_another_size_than_its_manifest_says_is_wrong() -> None:
    snapshot = snapshot_of(MADE, lambda fake: fake.corrupt("acme/web", LAYER, b"cut"))

    assert found(check_content, BOTH, snapshot) == [error("size", "linux/arm64")]


def test_a_nested_index_of_another_size_than_its_entry_says_is_wrong() -> None:
    made = index_of(AMD, replace(index_of(ARM), size=1))

    assert found(check_content, BOTH, snapshot_of(made)) == [error("size")]


def test_a_layer_whose_size_the_registry_does_not_say_is_not_judged_by_size() -> None:
    def silence(fake: FakeRegistry) -> None:
        fake.faults.append(Fault(200, path=str(LAYER), headers={"Content-Length": "?"}))

    assert found(check_content, BOTH, snapshot_of(MADE, silence)) == []
