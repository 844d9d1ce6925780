import pytest

from bake_compiler.oci.platform import Platform
from bake_compiler.verify import statements_of
from bake_compiler.verify.manifests.provenance import check_provenance
from tests.fakes.images import SLSA_02, SLSA_1, Made, artifact_of, attestation_of, image_of, index_of, statement_of
from tests.fakes.registry import FakeRegistry, Fault
from tests.fakes.snapshots import snapshot_of
from tests.unit.verify.promises import BOTH, error, found, lose, promise

AMD = image_of("linux/amd64")
ARM = image_of("linux/arm64")
WANTED = promise("linux/amd64", "linux/arm64", provenance=True)
SBOM = "https://spdx.dev/Document"


def codes(*attestations: Made) -> list[tuple[str, str | None, str]]:
    return found(check_provenance, WANTED, snapshot_of(index_of(AMD, ARM, *attestations), provenance=True))


@pytest.mark.parametrize("predicate", [SLSA_02, SLSA_1])
def test_a_statement_of_each_platform_is_right(predicate: str) -> None:
    assert (
        codes(
            *(
                attestation_of(
                    image,
                    statement=statement_of(image.digest, platform=image.platform, predicate=predicate),
                    predicate=predicate,
                )
                for image in (AMD, ARM)
            )
        )
        == []
    )


def test_a_statement_need_not_name_its_platform() -> None:
    unnamed = (attestation_of(image, statement=statement_of(image.digest)) for image in (AMD, ARM))

    assert codes(*unnamed) == []


def test_a_platform_without_a_statement_is_wrong() -> None:
    snapshot = snapshot_of(index_of(AMD, ARM, attestation_of(AMD)), without_referrers, provenance=True)

    assert found(check_provenance, WANTED, snapshot) == [error("provenance", "linux/arm64")]


def test_an_sbom_is_no_provenance() -> None:
    assert codes(attestation_of(AMD), attestation_of(ARM, predicate=SBOM)) == [error("provenance", "linux/arm64")]


def test_a_statement_of_another_manifest_than_it_is_kept_for_is_wrong() -> None:
    other = attestation_of(ARM, statement=statement_of(AMD.digest))

    assert codes(attestation_of(AMD), other) == [error("provenance", "linux/arm64")]


def test_a_statement_of_nothing_is_wrong() -> None:
    assert codes(attestation_of(AMD), attestation_of(ARM, statement=statement_of())) == [
        error("provenance", "linux/arm64")
    ]


def test_a_statement_for_another_platform_is_wrong() -> None:
    other = attestation_of(ARM, statement=statement_of(ARM.digest, platform="linux/amd64"))

    assert codes(attestation_of(AMD), other) == [error("provenance", "linux/arm64")]


def test_a_statement_that_cannot_be_read_is_none() -> None:
    assert codes(attestation_of(AMD), attestation_of(ARM, statement=b"[]")) == [error("provenance", "linux/arm64")]


def test_a_statement_that_is_lost_is_none() -> None:
    attestation = attestation_of(ARM)
    made = index_of(AMD, ARM, attestation_of(AMD), attestation)
    snapshot = snapshot_of(made, lose(attestation.digest), provenance=True)

    assert found(check_provenance, WANTED, snapshot) == [error("provenance", "linux/arm64")]


def test_an_artifact_in_the_index_is_read_too() -> None:
    assert codes(artifact_of(AMD), artifact_of(ARM)) == []


def test_provenance_that_nobody_promised_need_not_be_there() -> None:
    assert found(check_provenance, BOTH, snapshot_of(index_of(AMD, ARM), without_referrers, provenance=True)) == []


def test_a_platform_that_nobody_promised_needs_none() -> None:
    made = index_of(AMD, ARM, "linux/riscv64", attestation_of(AMD), attestation_of(ARM))

    assert found(check_provenance, WANTED, snapshot_of(made, without_referrers, provenance=True)) == []


def test_the_base_images_of_a_platform_are_told() -> None:
    base = image_of("linux/arm64", layers=(b"debian",))
    said = statement_of(ARM.digest, platform="linux/arm64", bases={"debian:trixie-slim": base.digest})
    snapshot = snapshot_of(
        index_of(AMD, ARM, attestation_of(AMD), attestation_of(ARM, statement=said)), provenance=True
    )

    (statement,) = statements_of(snapshot, snapshot.images[1])

    assert [(each.name, each.digest) for each in statement.bases] == [("debian:trixie-slim", base.digest)]
    assert statement.platforms == (Platform.parse("arm64"),)


def without_referrers(fake: FakeRegistry) -> None:
    fake.faults.append(Fault(404, path="/referrers/", times=99))
