"""What a registry did not answer for is never right, and never missing."""

from dataclasses import replace

import pytest

from bake_compiler.oci.digest import Digest
from bake_compiler.verify import check_image, verified_platforms
from bake_compiler.verify.manifests.unchecked import check_unchecked
from tests.fakes.images import image_of, index_of
from tests.fakes.registry import Fault
from tests.fakes.snapshots import REFERENCE, snapshot_of
from tests.unit.verify.promises import BOTH, Damage, error, found, lose, promise

AMD = image_of("linux/amd64")
ARM = image_of("linux/arm64")
MADE = index_of(AMD, ARM, attested=True)
CONFIG, LAYER = (Digest.of(blob) for blob in ARM.blobs[:2])

REFUSALS = [Fault(401), Fault(403), Fault(407), Fault(429), Fault(500), Fault(503), Fault(reset=True)]


def hide(fault: Fault, path: object = "") -> Damage:
    return lambda fake: fake.faults.append(replace(fault, path=str(path), times=99))


@pytest.mark.parametrize("fault", REFUSALS)
@pytest.mark.parametrize("digest", [ARM.digest, CONFIG, LAYER])
def test_what_could_not_be_asked_for_is_unchecked_and_its_platform_is_not_verified(
    fault: Fault, digest: Digest
) -> None:
    snapshot = snapshot_of(MADE, hide(fault, digest))

    assert found(check_image, BOTH, snapshot) == [error("unchecked", "linux/arm64")]
    assert verified_platforms(BOTH, check_image(BOTH, snapshot)) == BOTH.platforms[:1]


@pytest.mark.parametrize("fault", REFUSALS)
def test_a_reference_that_could_not_be_asked_for_is_unchecked_and_nothing_is_verified(fault: Fault) -> None:
    snapshot = snapshot_of(MADE, hide(fault))

    assert found(check_image, BOTH, snapshot) == [error("unchecked")]
    assert verified_platforms(BOTH, check_image(BOTH, snapshot)) == ()


def test_another_tag_that_could_not_be_asked_for_is_unchecked() -> None:
    latest = REFERENCE.tagged("latest")
    snapshot = snapshot_of(MADE, hide(Fault(403), "/manifests/latest"), tags=(latest,))

    (finding,) = check_unchecked(BOTH, snapshot)

    assert "latest" in finding.message


def test_a_nested_index_that_could_not_be_asked_for_takes_down_the_image() -> None:
    inner = index_of(ARM)
    snapshot = snapshot_of(index_of(AMD, inner), hide(Fault(500), inner.digest))

    assert found(check_unchecked, BOTH, snapshot) == [error("unchecked")]


def test_a_plain_manifest_whose_config_could_not_be_asked_for_proves_no_platform() -> None:
    wanted = promise("linux/arm64")
    snapshot = snapshot_of(ARM, hide(Fault(403), CONFIG))

    findings = check_image(wanted, snapshot)

    assert "unchecked" in {finding.code for finding in findings}
    assert verified_platforms(wanted, findings) == ()


def test_what_is_there_or_missing_is_checked() -> None:
    assert found(check_unchecked, BOTH, snapshot_of(MADE)) == []
    assert found(check_unchecked, BOTH, snapshot_of(MADE, lose(ARM.digest))) == []


@pytest.mark.parametrize("status", [403, 500])
def test_provenance_that_could_not_be_asked_for_is_unchecked_and_not_missing(status: int) -> None:
    fault = Fault(status, path="/referrers/", times=99)
    snapshot = snapshot_of(index_of("linux/amd64"), lambda fake: fake.faults.append(fault), provenance=True)

    assert found(check_image, promise("linux/amd64", provenance=True), snapshot) == [error("unchecked")]
    assert found(check_image, promise("linux/amd64"), snapshot) == []
