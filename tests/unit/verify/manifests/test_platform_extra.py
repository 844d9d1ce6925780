import pytest

from bake_compiler.verify.manifests.platform_extra import check_platform_extra
from tests.fakes.images import index_of
from tests.fakes.snapshots import snapshot_of
from tests.unit.verify.promises import BOTH, found, promise, warning


@pytest.mark.parametrize("attested", [False, True])
def test_no_platform_is_extra_when_exactly_those_promised_are_there(attested: bool) -> None:
    snapshot = snapshot_of(index_of("linux/amd64", "linux/arm64", attested=attested))

    assert found(check_platform_extra, BOTH, snapshot) == []


def test_a_platform_that_nobody_promised_is_a_warning() -> None:
    snapshot = snapshot_of(index_of("linux/amd64", "linux/arm64", "linux/riscv64"))

    assert found(check_platform_extra, BOTH, snapshot) == [warning("platform-extra", "linux/riscv64")]


def test_a_platform_of_a_nested_index_is_a_warning_too() -> None:
    snapshot = snapshot_of(index_of("linux/amd64", "linux/arm64", index_of("linux/s390x")))

    assert found(check_platform_extra, BOTH, snapshot) == [warning("platform-extra", "linux/s390x")]


def test_a_platform_that_is_there_twice_is_extra_once() -> None:
    snapshot = snapshot_of(index_of("linux/amd64", "linux/riscv64", "linux/riscv64"))

    assert found(check_platform_extra, promise("linux/amd64"), snapshot) == [warning("platform-extra", "linux/riscv64")]


def test_another_variant_is_another_platform() -> None:
    snapshot = snapshot_of(index_of("linux/amd64", "linux/amd64/v3"))

    assert found(check_platform_extra, promise("linux/amd64"), snapshot) == [
        warning("platform-extra", "linux/amd64/v3")
    ]
