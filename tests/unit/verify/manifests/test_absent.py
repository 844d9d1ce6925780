import pytest

from bake_compiler.verify.manifests.absent import check_absent
from tests.fakes.images import image_of, index_of
from tests.fakes.registry import Fault
from tests.fakes.snapshots import REFERENCE, snapshot_of
from tests.unit.verify.promises import BOTH, NAME, error, found, lose, lose_all

MADE = index_of("linux/amd64", "linux/arm64")
LATEST = REFERENCE.tagged("latest")


@pytest.mark.parametrize("docker", [False, True])
def test_an_index_of_either_family_is_there(docker: bool) -> None:
    snapshot = snapshot_of(index_of("linux/amd64", "linux/arm64", docker=docker))

    assert found(check_absent, BOTH, snapshot) == []


def test_a_tag_that_is_not_there_is_absent() -> None:
    assert found(check_absent, BOTH, snapshot_of(MADE, lose_all)) == [error("absent")]


def test_a_tag_of_a_manifest_that_is_gone_is_absent() -> None:
    assert found(check_absent, BOTH, snapshot_of(MADE, lose(MADE.digest))) == [error("absent")]


def test_another_tag_that_is_not_there_is_absent_and_named() -> None:
    (finding,) = check_absent(BOTH, snapshot_of(MADE, tags=(LATEST,)))

    assert "latest" in finding.message
    assert (finding.code, finding.platform) == ("absent", None)


def test_another_tag_that_is_there_is_not_absent() -> None:
    snapshot = snapshot_of(MADE, lambda fake: fake.push(NAME, "latest", MADE), tags=(LATEST,))

    assert found(check_absent, BOTH, snapshot) == []


def test_a_child_that_is_not_there_is_left_to_another_check() -> None:
    made = image_of("linux/amd64")

    assert found(check_absent, BOTH, snapshot_of(index_of(made), lose(made.digest))) == []


def test_a_registry_that_does_not_say_has_nothing_absent() -> None:
    snapshot = snapshot_of(MADE, lambda fake: fake.faults.append(Fault(401, times=99)))

    assert found(check_absent, BOTH, snapshot) == []
