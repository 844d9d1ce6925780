from dataclasses import replace

import pytest

from bake_compiler.oci.digest import Digest
from bake_compiler.verify import CHECKS, Check, check_image, verified_platforms
from tests.fakes.images import Made, image_of, index_of
from tests.fakes.snapshots import snapshot_of
from tests.unit.verify.promises import BOTH, error, found, promise, warning

AMD = image_of("linux/amd64")
ARM = image_of("linux/arm64")


@pytest.mark.parametrize("docker", [False, True])
@pytest.mark.parametrize("attested", [False, True])
def test_a_sound_image_has_no_findings_and_all_its_platforms_verified(docker: bool, attested: bool) -> None:
    made = index_of(
        image_of("linux/amd64", docker=docker),
        image_of("linux/arm64", docker=docker),
        attested=attested,
        docker=docker,
    )
    wanted = replace(BOTH, digest=made.digest)

    assert check_image(wanted, snapshot_of(made)) == ()
    assert verified_platforms(wanted, ()) == BOTH.platforms


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (AMD, [error("not-an-index"), error("platform-missing", "linux/arm64")]),
        (index_of(), [error("platform-missing", "linux/amd64"), error("platform-missing", "linux/arm64")]),
        (
            index_of(AMD, replace(AMD, platform="linux/arm64")),
            [
                error("same-manifest", "linux/amd64"),
                error("platform-lie", "linux/arm64"),
                error("same-manifest", "linux/arm64"),
            ],
        ),
        (
            index_of(AMD, ARM, image_of("unknown/unknown"), "linux/riscv64"),
            [error("platform-unknown"), warning("platform-extra", "linux/riscv64")],
        ),
    ],
    ids=["plain", "empty", "one-for-both", "unmarked-and-extra"],
)
def test_all_that_is_wrong_is_reported_at_once_and_in_order(
    made: Made, expected: list[tuple[str, str | None, str]]
) -> None:
    assert found(check_image, BOTH, snapshot_of(made)) == expected


def test_an_absent_image_is_one_finding_and_has_no_platform_verified() -> None:
    findings = check_image(BOTH, snapshot_of(index_of(AMD), lambda fake: fake.repositories.clear()))

    assert [finding.code for finding in findings] == ["absent"]
    assert verified_platforms(BOTH, findings) == ()


def test_one_broken_platform_leaves_the_other_verified() -> None:
    lost = Digest.of(ARM.blobs[0])
    findings = check_image(BOTH, snapshot_of(index_of(AMD, ARM), lambda fake: fake.delete("acme/web", lost)))

    assert [str(platform) for platform in verified_platforms(BOTH, findings)] == ["linux/amd64"]


def test_a_plain_manifest_for_its_only_platform_is_verified_with_a_warning() -> None:
    wanted = promise("linux/amd64")
    findings = check_image(wanted, snapshot_of(AMD))

    assert [finding.code for finding in findings] == ["not-an-index"]
    assert verified_platforms(wanted, findings) == wanted.platforms


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_check_says_first_what_it_reports(check: Check) -> None:
    assert check.__doc__
