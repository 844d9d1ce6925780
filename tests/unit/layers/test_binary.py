import pytest

from bake_compiler.layers.binary import identify
from bake_compiler.layers.elf import Elf, ElfUse
from bake_compiler.layers.mach_o import MachO
from bake_compiler.layers.pe import Pe
from bake_compiler.layers.script import Script
from tests.unit.layers import made


@pytest.mark.parametrize(
    ("number", "bits", "little", "machine"),
    [
        (62, 64, True, "x86_64"),
        (62, 32, True, "x32"),
        (3, 32, True, "i386"),
        (183, 64, True, "aarch64"),
        (183, 64, False, "aarch64_be"),
        (40, 32, True, "arm"),
        (40, 32, False, "armeb"),
        (21, 64, True, "ppc64le"),
        (21, 64, False, "ppc64"),
        (20, 32, False, "ppc"),
        (22, 64, False, "s390x"),
        (22, 32, False, "s390"),
        (243, 64, True, "riscv64"),
        (243, 32, True, "riscv32"),
        (8, 64, True, "mips64el"),
        (8, 32, True, "mipsel"),
        (8, 64, False, "mips64"),
        (258, 64, True, "loongarch"),
        (247, 64, True, "bpf"),
        (0xBEEF, 64, True, "elf-machine-48879"),
    ],
)
@pytest.mark.parametrize("loader", ["", "/lib/ld.so.1"])
def test_an_elf_file_says_its_machine_class_byte_order_and_loader(
    number: int, bits: int, little: bool, machine: str, loader: str
) -> None:
    found = identify(made.elf(number, bits=bits, little=little, loader=loader, use=made.EXECUTABLE))

    assert found == Elf(machine, ElfUse.EXECUTABLE, loader)


@pytest.mark.parametrize(
    ("number", "use"),
    [(1, ElfUse.OBJECT), (2, ElfUse.EXECUTABLE), (3, ElfUse.SHARED), (4, ElfUse.CORE), (0xFE00, ElfUse.OTHER)],
)
def test_an_elf_file_says_what_it_is_for(number: int, use: ElfUse) -> None:
    found = identify(made.elf(use=number))

    assert isinstance(found, Elf)
    assert found.use is use


def test_a_loader_beyond_the_first_bytes_is_not_known() -> None:
    program = made.elf(loader="/lib/ld.so")

    assert identify(program[:-3]) == identify(made.elf())


def test_a_program_for_windows_is_told_from_dot_net_and_the_firmware() -> None:
    assert identify(made.pe()) == Pe("x86_64")
    assert identify(made.pe(0xAA64, library=True)) == Pe("aarch64")
    assert identify(made.pe(0x14C, managed=True)) == Pe("i386", managed=True)
    assert identify(made.pe(subsystem=10)) == Pe("x86_64", firmware=True)
    assert identify(made.pe(0xBEEF)) == Pe("pe-machine-48879")


def test_a_program_for_macos_may_be_for_several_machines() -> None:
    assert identify(made.mach_o()) == MachO(("aarch64",))
    assert identify(b"\xfe\xed\xfa\xce" + (18).to_bytes(4)) == MachO(("ppc",))
    assert identify(made.universal(0x0100_0007, 0x0100_000C, 99)) == MachO(("x86_64", "aarch64", "mach-o-machine-99"))


@pytest.mark.parametrize("version", [45, 52, 61, 65])
def test_a_java_class_is_not_a_universal_program(version: int) -> None:
    assert identify(b"\xca\xfe\xba\xbe" + version.to_bytes(4) + bytes(100)) is None


@pytest.mark.parametrize(
    ("head", "script"),
    [
        (b"#!/bin/sh\nexit", Script("/bin/sh")),
        (b"#! /usr/bin/env\tpython3 -x \nexit", Script("/usr/bin/env", "python3 -x")),
        (b"#!/bin/sh", Script("/bin/sh")),
        (b"#!/bin/sh -e" + b"e" * 300, Script("/bin/sh", "-e" + "e" * 243)),
        (b"#!/bin/\xff\n", Script("/bin/\\xff")),
    ],
)
def test_a_script_names_its_interpreter_and_argument(head: bytes, script: Script) -> None:
    assert identify(head) == script


@pytest.mark.parametrize(
    ("head", "flaw"),
    [
        (b"#!/bin/sh\r\nexit", "carriage return"),
        (b"#!/usr/bin/env bash\r\n", "carriage return"),
        (b"#!\n", "names no interpreter"),
        (b"#!", "names no interpreter"),
        (b"#!/" + b"x" * 300 + b"\n", "longer than 255 bytes"),
    ],
)
def test_a_first_line_that_the_kernel_cannot_follow_is_noted(head: bytes, flaw: str) -> None:
    found = identify(head)

    assert isinstance(found, Script)
    assert flaw in found.flaw


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"text",
        b"\x7fELF",
        b"\x7fEL?" + bytes(60),
        b"\x7fELF\x03\x01" + bytes(60),
        b"\x7fELF\x02\x03" + bytes(60),
        b"MZ",
        b"MZ is a text" + bytes(100),
        b"\xca\xfe\xba\xbe\0\0\0\0",
        b"\xca\xfe\xba\xbe\0\0\0\2\0",
        b"\xcf\xfa\xed\xfe",
        b"\xca\xfe\xba\xbd",
    ],
)
def test_anything_else_is_nothing_of_the_kind(head: bytes) -> None:
    assert identify(head) is None
