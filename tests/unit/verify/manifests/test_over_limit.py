from dataclasses import replace

from bake_compiler.oci.platform import Platform
from bake_compiler.oci.snapshot import Snapshot, Trouble, TroubleKind
from bake_compiler.verify import check_image, verified_platforms
from bake_compiler.verify.manifests.over_limit import check_over_limit
from tests.fakes.images import image_of, index_of
from tests.fakes.registry import Fault
from tests.fakes.snapshots import REFERENCE, snapshot_of
from tests.unit.verify.promises import BOTH, error, found, promise

AMD = image_of("linux/amd64")
ARM = image_of("linux/arm64")


def test_an_image_of_usual_size_is_within_limits() -> None:
    assert found(check_over_limit, BOTH, snapshot_of(index_of(AMD, ARM))) == []


def test_an_index_of_more_entries_than_any_image_needs_is_not_read() -> None:
    made = index_of(*(image_of("linux/amd64", layers=(str(number).encode(),)) for number in range(1001)))

    snapshot = snapshot_of(made)

    assert found(check_over_limit, BOTH, snapshot) == [error("over-limit")]
    assert snapshot.children == ()


def test_the_entries_of_nested_indexes_count_together() -> None:
    inner = [
        index_of(*(image_of("linux/amd64", layers=(f"{part} {number}".encode(),)) for number in range(400)))
        for part in range(3)
    ]

    assert error("over-limit") in found(check_over_limit, BOTH, snapshot_of(index_of(*inner)))


def test_an_image_of_more_layers_than_any_engine_takes_is_not_read() -> None:
    made = image_of("linux/arm64", layers=tuple(str(number).encode() for number in range(1001)))

    snapshot = snapshot_of(index_of(AMD, made))

    assert found(check_over_limit, BOTH, snapshot) == [error("over-limit", "linux/arm64")]
    assert verified_platforms(BOTH, check_image(BOTH, snapshot)) == (Platform.parse("amd64"),)


def test_an_answer_that_is_larger_than_any_manifest_is_not_read() -> None:
    snapshot = snapshot_of(
        index_of(AMD), lambda fake: fake.faults.append(Fault(200, body=b" " * (5 * 1024 * 1024), times=9))
    )
    wanted = promise("linux/amd64")

    assert found(check_over_limit, wanted, snapshot) == [error("over-limit")]
    assert verified_platforms(wanted, check_image(wanted, snapshot)) == ()


def test_a_child_that_was_too_large_is_no_child_that_is_right() -> None:
    snapshot = snapshot_of(index_of(AMD, ARM))
    child = snapshot.children[1]
    trouble = Trouble(TroubleKind.OVER_LIMIT, "more than the limit", "find out who pushed it")
    large = replace(child, piece=replace(child.piece, trouble=trouble), manifest=None, config=None, parts=())

    found_there = found(check_over_limit, BOTH, replace(snapshot, children=(snapshot.children[0], large)))

    assert found_there == [error("over-limit", "linux/arm64")]


def test_a_whole_that_was_too_large_is_one_finding() -> None:
    trouble = Trouble(TroubleKind.OVER_LIMIT, "more than the limit", "find out who pushed it")

    assert found(check_image, BOTH, Snapshot(REFERENCE, trouble=trouble)) == [error("over-limit")]
