from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from bake_compiler.layers.start import names
from bake_compiler.layers.tree import Tree
from bake_compiler.oci.manifest import ImageConfig
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.verify import Promise
from bake_compiler.verify.binaries import Deep, check_binaries
from tests.unit.layers.made import (
    AARCH64,
    ARM,
    BPF,
    CORE,
    I386,
    PPC64,
    RELOCATABLE,
    Content,
    elf,
    file,
    layer_of,
    mach_o,
    pe,
    symlink,
    whiteout,
)

LOADER = "/lib/ld-linux-aarch64.so.1"
NATIVE = elf(AARCH64, loader=LOADER)
SYSTEM = [
    file("usr/bin/sh", NATIVE),
    file("usr/bin/env", NATIVE),
    symlink("bin", "usr/bin"),
    file(LOADER[1:], elf(AARCH64)),
]
FOREIGN = elf()


@dataclass(frozen=True)
class Built:
    """An image of these layers, judged."""

    layers: tuple[Iterable[Content], ...]
    platform: str = "arm64"
    config: Mapping[str, Any] = field(default_factory=dict)
    foreign: tuple[str, ...] = ()

    @property
    def findings(self) -> list[str]:
        return [f"{finding.severity} {finding.code}: {finding.message}" for finding in self._findings()]

    @property
    def codes(self) -> list[str]:
        return [f"{finding.severity} {finding.code}" for finding in self._findings()]

    def _findings(self) -> Iterable[Any]:
        platform = Platform.parse(self.platform)
        layers = [layer_of(*contents) for contents in self.layers]
        diff_ids = [str(layer.facts.diff_id) for layer in layers]
        config = ImageConfig.model_validate({"config": self.config, "rootfs": {"diff_ids": diff_ids}})
        tree = Tree(names(config.config))
        for layer in layers:
            tree.apply(layer)
        promise = Promise("web", Reference.parse("acme/web:1"), (platform,), foreign=self.foreign)
        deep = Deep(platform, config, tree, tuple(layer.facts for layer in layers))
        for finding in check_binaries(promise, deep):
            assert (finding.image, finding.platform) == ("web", platform)
            assert finding.hint
            assert finding.message.isprintable()
            yield finding


def built(*contents: Content, **options: Any) -> Built:
    return Built(([*SYSTEM, *contents],), **options)


RUN = {"Entrypoint": ["/run"]}


@pytest.mark.parametrize(
    "image",
    [
        built(config={"Cmd": ["sh"]}),
        built(file("run", b"#!/bin/sh\n"), config=RUN),
        built(file("run", b"#!/usr/bin/env sh\n"), config=RUN),
        built(file("run", elf(AARCH64, use=2)), config=RUN),
        Built(((),)),
        Built(()),
        Built(([file("data", b"text", 0o644)],)),
        Built(([file("run", elf(AARCH64))],), config=RUN),
        Built(([file("Files/run.exe", pe(0xAA64))],), "windows/arm64", {"Entrypoint": ["run.exe"]}),
        built(file("lib/old", elf(ARM, bits=32))),
        built(file("lib/probe.bpf", elf(BPF))),
        built(file("lib/part.o", elf(use=RELOCATABLE)), file("core", elf(use=CORE))),
        built(file("app.dll", pe(0x14C, managed=True)), file("vmlinuz", pe(subsystem=10))),
        built(file("setuptools/cli-64.exe", pe(), 0o644), file("x.dylib", mach_o(), 0o644)),
        built(file("lib/firmware/card.elf", elf(PPC64, little=False))),
        built(file("usr/local/go/src/debug/elf/testdata/gcc-amd64-linux-exec", FOREIGN, 0o644)),
        built(file("r/alpine-x64/native/libx.so", FOREIGN), file("r/alpine-arm64/native/libx.so", NATIVE)),
        built(file("opt/cross/cc", FOREIGN), file("qemu-x86", FOREIGN), foreign=("opt/cross/*", "/qemu-*")),
        built(file("m/prebuilds/linux-x64/a.node", FOREIGN), file("m/prebuilds/linux-arm64/a.node", NATIVE)),
        built(file("m/a.linux-x64-gnu.node", FOREIGN), file("m/a.linux-arm64-gnu.node", NATIVE)),
        built(file("m/prebuilds/darwin-x64/a.node", mach_o()), file("m/prebuilds/linux-arm64/a.node", NATIVE)),
        built(file("d/attach_linux_amd64.so", FOREIGN), file("d/attach.dylib", mach_o(), 0o644)),
    ],
)
def test_an_image_as_it_should_be_has_no_finding(image: Built) -> None:
    assert image.findings == []


@pytest.mark.parametrize(
    ("contents", "told"),
    [
        ([], "it starts /run, which is not there"),
        ([file("run", NATIVE, 0o644)], "it starts /run, which is not executable"),
        ([file("run", b"echo")], "it starts /run, which is not a program"),
        ([file("run/x", NATIVE)], "it starts /run, which is a directory"),
        ([symlink("run", "/opt/gone")], "it starts /run (/opt/gone), which is not there"),
        ([symlink("run", "\x1b[31m")], "it starts /run ('/\\x1b[31m'), which is not there"),
    ],
)
def test_what_can_not_be_started_is_an_error(contents: list[Content], told: str) -> None:
    assert built(*contents, config=RUN).findings == [f"error entrypoint: {told}"]


def test_a_program_for_another_machine_is_wrong_as_a_file_and_as_what_starts() -> None:
    assert built(file("run", elf(loader="/lib64/ld-linux-x86-64.so.2")), config=RUN).findings == [
        "error entrypoint: it starts /run, which is for x86_64",
        "error machine: it has programs or libraries for other machines: 1 for x86_64 (/run)",
    ]


@pytest.mark.parametrize(("content", "system"), [(pe(), "Windows"), (mach_o(), "macOS")])
def test_a_program_for_another_system_is_wrong_as_a_file_and_as_what_starts(content: bytes, system: str) -> None:
    assert built(file("run", content), config=RUN).findings == [
        f"error entrypoint: it starts /run, which is a program for {system}",
        f"error foreign-format: it has programs that Linux can't run: 1 for {system} (/run)",
    ]


def test_libraries_and_programs_for_other_machines_are_counted_and_the_first_named() -> None:
    image = built(*(file(f"lib/{name}.so", FOREIGN, 0o644) for name in "edcba"), file("x", elf(PPC64, little=False)))

    (found,) = image.findings
    assert found == (
        "error machine: it has programs or libraries for other machines: 1 for ppc64 (/x); "
        "5 for x86_64 (/lib/a.so, /lib/b.so, /lib/c.so and 2 more)"
    )


@pytest.mark.parametrize(
    ("platform", "content"),
    [
        ("amd64", elf(AARCH64)),
        ("386", elf()),
        ("ppc64le", elf(PPC64, little=False)),
        ("arm/v7", elf(AARCH64)),
        ("arm64", elf(I386, bits=32)),
        ("windows/amd64", pe(0xAA64)),
    ],
)
def test_class_and_byte_order_belong_to_a_machine(platform: str, content: bytes) -> None:
    assert Built(([file("a.so", content)],), platform).codes == ["error machine"]


def test_a_native_package_beside_nothing_of_its_set_is_not_meant() -> None:
    paths = "node_modules/@esbuild/linux-x64/bin/esbuild", "usr/lib/x86_64-linux-gnu/libc.so"

    for path in paths:
        assert built(file(path, FOREIGN), file("usr/lib/aarch64-linux-gnu/libc.so", NATIVE)).codes == ["error machine"]


def test_what_a_later_layer_deletes_is_a_warning() -> None:
    image = Built(([*SYSTEM, file("opt/tool", FOREIGN), file("opt/own", NATIVE)], [whiteout("opt")]))

    (found,) = image.findings
    assert found == (
        "warning machine-deleted: lower layers ship files for other machines, which later ones delete:"
        " 1 for x86_64 (/opt/tool)"
    )
    assert Built(image.layers, foreign=("opt/*",)).findings == []


def test_what_a_later_layer_replaces_by_the_right_thing_is_a_warning() -> None:
    assert Built(([*SYSTEM, file("a", FOREIGN)], [file("a", NATIVE)])).codes == ["warning machine-deleted"]


def test_programs_for_other_systems_are_one_error() -> None:
    image = built(file("a.exe", pe()), file("b", mach_o()), file("c", mach_o()))

    assert image.findings == [
        "error foreign-format: it has programs that Linux can't run: 2 for macOS (/b, /c); 1 for Windows (/a.exe)"
    ]
    assert built(file("a.exe", pe()), foreign=("*.exe",)).findings == []


@pytest.mark.parametrize(
    ("line", "contents", "told"),
    [
        (b"#!/bin/bash", [], "interpreter /bin/bash is not there"),
        (b"#!/usr/bin/env ruby", [], "interpreter ruby is not there"),
        (b"#!/bin/bash", [file("usr/bin/bash", NATIVE, 0o644)], "interpreter /bin/bash is not executable"),
        (
            b"#!/bin/sh\r\n",
            [],
            "its first line ends in a carriage return, which becomes part of the interpreter's name",
        ),
        (b"#!\n", [], "its first line names no interpreter"),
    ],
)
def test_a_script_without_its_interpreter_is_an_error_at_start_and_else_a_warning(
    line: bytes, contents: list[Content], told: str
) -> None:
    script = file("usr/local/bin/run", line)
    other = file("usr/local/bin/other", line)

    assert built(script, *contents, config={"Cmd": ["run"]}).findings == [
        f"error interpreter: what it starts does not run: /usr/local/bin/run: {told}"
    ]
    both = "/usr/local/bin/other, /usr/local/bin/run"
    assert built(script, other, *contents).findings == [
        f"warning interpreter: 2 of the programs on its search path do not run: {both}: {told}"
    ]
    assert built(file("opt/run", line), *contents).findings == []
    assert built(script, *contents, foreign=("usr/local/bin/run",)).findings == []


def test_an_interpreter_for_another_machine_is_an_error_at_start() -> None:
    image = built(file("run", b"#!/opt/python\n"), file("opt/python", FOREIGN), config=RUN)

    assert image.findings == [
        "error interpreter: what it starts does not run: /run: interpreter /opt/python is for x86_64",
        "error machine: it has programs or libraries for other machines: 1 for x86_64 (/opt/python)",
    ]


@pytest.mark.parametrize(
    ("contents", "told"),
    [
        ([], "loader /lib/ld-musl-aarch64.so.1 is not there"),
        ([file("lib/ld-musl-aarch64.so.1", elf(ARM, bits=32))], "loader /lib/ld-musl-aarch64.so.1 is for arm"),
    ],
)
def test_a_program_without_its_loader_is_an_error_at_start_and_else_a_warning(
    contents: list[Content], told: str
) -> None:
    program = elf(AARCH64, loader="/lib/ld-musl-aarch64.so.1")

    assert built(file("run", program), *contents, config=RUN).findings == [
        f"error loader: what it starts does not run: /run: {told}"
    ]
    assert built(file("opt/bin/run", program), *contents, config={"Env": ["PATH=/opt/bin:/bin"]}).findings == [
        f"warning loader: 1 of the programs on its search path do not run: /opt/bin/run: {told}"
    ]


def test_an_interpreter_without_its_loader_is_an_error_at_start() -> None:
    image = built(file("run", b"#!/opt/sh\n"), file("opt/sh", elf(AARCH64, loader="/none")), config=RUN)

    assert image.findings == ["error loader: what it starts does not run: /opt/sh: loader /none is not there"]


@pytest.mark.parametrize("folder", ["bin", "usr/bin", "usr/sbin"])
def test_what_packages_only_suggest_is_no_finding(folder: str) -> None:
    """Debian's iproute2 brings /usr/bin/routel, a Python script, and not Python."""
    config = {"Env": ["PATH=/usr/sbin:/usr/bin:/bin/"]}

    assert built(file(f"{folder}/routel", b"#!/usr/bin/python3\n"), config=config).findings == []


def test_many_ways_to_lack_something_are_not_all_told() -> None:
    image = built(*(file(f"usr/local/bin/{name}", b"#!/opt/" + name.encode()) for name in "abcdefgh"))

    (told,) = image.findings
    assert told.startswith("warning interpreter: 8 of the programs")
    assert told.count("is not there") == 3


def test_the_layers_are_those_that_the_config_names() -> None:
    layer, other = layer_of(*SYSTEM), layer_of()
    platform = Platform.parse("arm64")
    promise = Promise("web", Reference.parse("acme/web:1"), (platform,))
    tree = Tree()

    def found(*stated: object) -> list[str]:
        config = ImageConfig.model_validate({"rootfs": {"diff_ids": [str(diff_id) for diff_id in stated]}})
        deep = Deep(platform, config, tree, (layer.facts, other.facts))
        return [f"{finding.code}: {finding.message}" for finding in check_binaries(promise, deep)]

    right = layer.facts.diff_id, other.facts.diff_id
    assert found(*right) == []
    assert found(right[0]) == ["diff-id: the manifest has 2 layers, the config names 1"]
    assert found(*right, right[0]) == ["diff-id: the manifest has 2 layers, the config names 3"]
    (told,) = found(right[1], right[0])
    assert told.startswith(
        f"diff-id: layer {layer.facts.digest} is {right[0]} uncompressed, the config says {right[1]}"
    )
    assert told.endswith("1 more are wrong")
    (told,) = found(f"sha512:{'0' * 128}", right[1])
    assert told.startswith("diff-id: ")
