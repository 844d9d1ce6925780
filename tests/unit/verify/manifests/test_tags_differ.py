from bake_compiler.verify.manifests.tags_differ import check_tags_differ
from tests.fakes.images import index_of
from tests.fakes.registry import Fault
from tests.fakes.snapshots import REFERENCE, snapshot_of
from tests.unit.verify.promises import BOTH, NAME, error, found, lose_all

MADE = index_of("linux/amd64", "linux/arm64")
OTHER = index_of("linux/arm64")
LATEST, STABLE = REFERENCE.tagged("latest"), REFERENCE.tagged("stable")


def test_tags_of_one_content_agree() -> None:
    snapshot = snapshot_of(MADE, lambda fake: fake.push(NAME, "latest", MADE), tags=(LATEST,))

    assert found(check_tags_differ, BOTH, snapshot) == []


def test_a_tag_of_other_content_differs_and_is_named_with_both_digests() -> None:
    snapshot = snapshot_of(
        MADE,
        lambda fake: fake.push(NAME, "latest", MADE),
        lambda fake: fake.push(NAME, "stable", OTHER),
        tags=(LATEST, STABLE),
    )

    (finding,) = check_tags_differ(BOTH, snapshot)

    assert found(check_tags_differ, BOTH, snapshot) == [error("tags-differ")]
    assert finding.message == f"{STABLE} is {OTHER.digest}, but {REFERENCE} is {MADE.digest}"


def test_a_tag_that_is_absent_or_could_not_be_asked_for_is_left_to_others() -> None:
    fault = Fault(403, path="/manifests/stable", times=99)
    snapshot = snapshot_of(MADE, lambda fake: fake.faults.append(fault), tags=(LATEST, STABLE))

    assert found(check_tags_differ, BOTH, snapshot) == []


def test_tags_are_not_compared_with_nothing() -> None:
    snapshot = snapshot_of(MADE, lose_all, lambda fake: fake.push(NAME, "latest", OTHER), tags=(LATEST,))

    assert found(check_tags_differ, BOTH, snapshot) == []
