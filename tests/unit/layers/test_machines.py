import pytest

from bake_compiler.layers.machines import is_foreign
from bake_compiler.oci.platform import Platform


@pytest.mark.parametrize(
    ("platform", "runs", "foreign"),
    [
        ("amd64", "x86_64 i386 x32", "aarch64 arm ppc64le"),
        ("amd64/v3", "x86_64", "aarch64"),
        ("386", "i386", "x86_64 arm"),
        ("arm64", "aarch64 arm", "x86_64 aarch64_be armeb"),
        ("arm/v7", "arm", "aarch64 armeb i386"),
        ("arm/v6", "arm", "aarch64"),
        ("ppc64le", "ppc64le", "ppc64 ppc"),
        ("s390x", "s390x s390", "ppc64"),
        ("riscv64", "riscv64", "riscv32 x86_64"),
        ("mips64le", "mips64el mipsel", "mips64 mips"),
        ("loong64", "loongarch", "x86_64"),
        ("windows/amd64", "x86_64 i386", "aarch64"),
    ],
)
def test_a_platform_runs_its_own_machines(platform: str, runs: str, foreign: str) -> None:
    where = Platform.parse(platform)

    assert [machine for machine in runs.split() if is_foreign(machine, where)] == []
    assert [machine for machine in foreign.split() if not is_foreign(machine, where)] == []


@pytest.mark.parametrize("machine", ["bpf", "amdgpu", "cuda", "xtensa", "avr"])
def test_code_for_no_processor_of_a_host_is_foreign_to_none(machine: str) -> None:
    assert not is_foreign(machine, Platform.parse("arm64"))


def test_of_an_unknown_architecture_nothing_is_said() -> None:
    assert not is_foreign("x86_64", Platform.of("linux", "sparc128"))
