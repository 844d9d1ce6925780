from dataclasses import replace

import pytest

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import DOCKER_MANIFEST
from bake_compiler.verify.manifests.malformed import check_malformed
from tests.fakes.images import Made, attestation_of, encoded, image_of, index_of
from tests.fakes.registry import FakeRegistry, Fault
from tests.fakes.snapshots import snapshot_of
from tests.unit.verify.promises import BOTH, NAME, error, found

AMD = image_of("linux/amd64")
ARM = image_of("linux/arm64")


def test_a_sound_image_is_well_formed() -> None:
    assert found(check_malformed, BOTH, snapshot_of(index_of(AMD, ARM, attested=True))) == []


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b"{}", b"\xff\xfe"])
def test_a_whole_that_is_no_index_is_malformed(body: bytes) -> None:
    fault = Fault(200, headers={"Content-Type": "text/html"}, body=body)
    snapshot = snapshot_of(index_of(AMD), lambda fake: fake.faults.append(fault))

    assert found(check_malformed, BOTH, snapshot) == [error("malformed")]


@pytest.mark.parametrize("content", [b"{}", b"[]", encoded({"manifests": [], "layers": []})])
def test_a_child_that_is_no_manifest_is_malformed(content: bytes) -> None:
    made = index_of(AMD, replace(ARM, content=content))

    assert found(check_malformed, BOTH, snapshot_of(made)) == [error("malformed", "linux/arm64")]


def test_a_child_of_another_type_than_its_entry_says_is_malformed() -> None:
    made = index_of(AMD, replace(ARM, media_type=DOCKER_MANIFEST))

    def store_as_it_is(fake: FakeRegistry) -> None:
        fake.repositories[NAME].manifests[str(ARM.digest)] = (ARM.media_type, ARM.content)

    assert found(check_malformed, BOTH, snapshot_of(made, store_as_it_is)) == [error("malformed", "linux/arm64")]


def test_a_config_that_is_no_config_is_malformed() -> None:
    config = b"[]"
    document = {
        "schemaVersion": 2,
        "config": {"mediaType": "x", "digest": str(Digest.of(config)), "size": 2},
        "layers": [],
    }
    made = index_of(AMD, Made(ARM.media_type, encoded(document), "linux/arm64", blobs=(config,)))

    assert found(check_malformed, BOTH, snapshot_of(made)) == [error("malformed", "linux/arm64")]


def test_indexes_that_are_nested_too_deep_are_malformed() -> None:
    made = index_of(ARM)
    for _ in range(5):
        made = index_of(made)

    assert found(check_malformed, BOTH, snapshot_of(made)) == [error("malformed")]


@pytest.mark.parametrize("statement", [b"", b"[]", encoded({"predicateType": "https://spdx.dev/Document"})])
def test_a_statement_that_cannot_be_read_takes_down_the_platform_of_its_image(statement: bytes) -> None:
    made = index_of(AMD, ARM, attestation_of(ARM, statement=statement))

    assert found(check_malformed, BOTH, snapshot_of(made, provenance=True)) == [error("malformed", "linux/arm64")]


def test_a_statement_that_nobody_asked_for_is_not_read() -> None:
    made = index_of(AMD, ARM, attestation_of(ARM, statement=b"[]"))

    assert found(check_malformed, BOTH, snapshot_of(made)) == []
