"""Says which code runs on which platform, by the machine names of `elf`, `pe` and `mach_o`."""

from bake_compiler.oci.platform import Platform

_RUNS = {
    "386": frozenset({"i386"}),
    "amd64": frozenset({"x86_64", "x32", "i386"}),
    "arm": frozenset({"arm"}),
    "arm64": frozenset({"aarch64", "aarch64_ilp32", "arm"}),
    "loong64": frozenset({"loongarch"}),
    "mips": frozenset({"mips"}),
    "mips64": frozenset({"mips64", "mips"}),
    "mips64le": frozenset({"mips64el", "mipsel"}),
    "mipsle": frozenset({"mipsel"}),
    "ppc64": frozenset({"ppc64", "ppc"}),
    "ppc64le": frozenset({"ppc64le"}),
    "riscv64": frozenset({"riscv64"}),
    "s390x": frozenset({"s390x", "s390"}),
}
_DEVICES = frozenset({"amdgpu", "avr", "bpf", "cuda", "hexagon", "msp430", "xtensa"})


def is_foreign(machine: str, platform: Platform) -> bool:
    """Whether code for this machine can't run on this platform.

    Code for graphics cards, micro-controllers and the kernel's own machine is foreign on no platform. An architecture
    that bakec does not know is not called foreign. A file's header does not tell the versions of ARM apart.
    """
    runs = _RUNS.get(platform.architecture)
    return runs is not None and machine not in runs and machine not in _DEVICES
