"""Images that are wrong in their layers: what the registry says of them is all right."""

from dataclasses import replace
from typing import Any

from bake_compiler.oci.digest import Digest
from tests.fakes.binaries import elf, mach_o, pe, script
from tests.fakes.images import Layer, Made, image_of, index_of
from tests.gallery.exhibit import AMD64, ARM64, Corrupt, Exhibit, found, warned
from tests.gallery.layers import GONE, TAR, ZSTD, File, Files, layer_of, layers_of, link, tar_of

AMD_LOADER, ARM_LOADER = "lib64/ld-linux-x86-64.so.2", "lib/ld-linux-aarch64.so.1"
TEXT = File(b"text")
NO_SUCH_LAYER = "distribution refuses layers that it does not have"
ELSEWHERE = Layer(
    b"layer", "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", Digest.of(b"tar"), elsewhere=True
)
LONG = "/".join(["directory"] * 500)

AMD = image_of(AMD64, layers=layers_of({"app": elf("amd64")}), run={"Entrypoint": ["/app"]})
ARM_ROOT: Files = {"app": elf("arm64")}
ARM_LAYER = layer_of(ARM_ROOT)


def arm(*layers: Files | Layer, start: tuple[str, ...] = ("/app",), **how: Any) -> Made:
    """An index whose arm64 image has these layers, and starts with this command."""
    laid = tuple(each if isinstance(each, Layer) else layer_of(each) for each in layers)
    return index_of(AMD, image_of(ARM64, layers=laid, run={"Entrypoint": list(start)}, **how))


def other(platform: str, *parts: Files) -> Made:
    """An index of one platform, with nothing to start."""
    return index_of(image_of(platform, layers=layers_of(*parts)))


def claiming(*diff_ids: Digest) -> Made:
    """An arm64 image whose config claims these uncompressed digests."""
    return arm(*(replace(ARM_LAYER, diff_id=diff_id) for diff_id in diff_ids))


MACHINES = (
    Exhibit(
        "a static amd64 program in the arm64 image",
        arm({"app": elf("amd64")}),
        found("entrypoint", ARM64) | found("machine", ARM64),
    ),
    Exhibit(
        "an amd64 program that is not what starts",
        arm(ARM_ROOT, {"usr/bin/tool": elf("amd64")}),
        found("machine", ARM64),
    ),
    Exhibit(
        "a dynamic amd64 program with its loader and library",
        arm(
            ARM_ROOT,
            {
                "usr/bin/tool": elf("amd64", loader=f"/{AMD_LOADER}"),
                AMD_LOADER: elf("amd64", library=True),
                "usr/lib/libtool.so.1": elf("amd64", library=True),
            },
        ),
        found("machine", ARM64),
    ),
    Exhibit(
        "a native module for the build machine only",
        arm(ARM_ROOT, {"srv/node_modules/bcrypt/prebuilds/linux-x64/bcrypt.node": elf("amd64", library=True)}),
        found("machine", ARM64),
    ),
    Exhibit(
        "a library of the build machine",
        arm(ARM_ROOT, {"usr/lib/python3/x.so": File(elf("amd64", library=True))}),
        found("machine", ARM64),
    ),
    Exhibit(
        "an amd64 program that a later layer deletes",
        arm({**ARM_ROOT, "tool": elf("amd64")}, {".wh.tool": GONE}),
        warned("machine-deleted", ARM64),
    ),
    Exhibit(
        "an amd64 program that a later layer replaces",
        arm({"app": elf("amd64")}, ARM_ROOT),
        warned("machine-deleted", ARM64),
    ),
    Exhibit(
        "an amd64 tool chain below a directory that is deleted",
        arm({**ARM_ROOT, "opt/go/bin/go": elf("amd64")}, {".wh.opt": GONE}),
        warned("machine-deleted", ARM64),
    ),
    Exhibit(
        "an amd64 program hidden by an opaque directory",
        arm({**ARM_ROOT, "opt/tool": elf("amd64")}, {"opt/.wh..wh..opq": GONE}),
        warned("machine-deleted", ARM64),
    ),
    Exhibit(
        "a riscv64 program in a zstd layer",
        arm(layer_of({**ARM_ROOT, "tool": elf("riscv64")}, ZSTD)),
        found("machine", ARM64),
    ),
    Exhibit(
        "a 64-bit program in a 386 image",
        other("linux/386", {"tool": elf("amd64")}),
        found("machine", "linux/386"),
        ("linux/386",),
    ),
    Exhibit(
        "an arm64 program in an arm/v7 image",
        other("linux/arm/v7", {"tool": elf("arm64")}),
        found("machine", "linux/arm/v7"),
        ("linux/arm/v7",),
    ),
    Exhibit(
        "a big-endian program in a little-endian image",
        other("linux/ppc64le", {"tool": elf("ppc64")}),
        found("machine", "linux/ppc64le"),
        ("linux/ppc64le",),
    ),
    Exhibit(
        "an arm64 program in a Windows image for amd64",
        other("windows/amd64", {"Files/app.exe": pe("arm64")}),
        found("machine", "windows/amd64"),
        ("windows/amd64",),
    ),
    Exhibit("a macOS program", arm(ARM_ROOT, {"usr/local/bin/tool": mach_o("arm64")}), found("foreign-format", ARM64)),
    Exhibit(
        "a Windows program that may be run",
        arm(ARM_ROOT, {"usr/local/bin/tool.exe": pe("amd64")}),
        found("foreign-format", ARM64),
    ),
    Exhibit(
        "a pattern that allows other paths than this one",
        arm(ARM_ROOT, {"usr/bin/tool": elf("amd64")}),
        found("machine", ARM64),
        promise={"foreign": ("opt/cross/*",)},
    ),
)

STARTS = (
    Exhibit(
        "a tool on PATH whose loader is not there",
        arm({**ARM_ROOT, "usr/local/bin/tool": elf("arm64", loader=f"/{ARM_LOADER}")}),
        warned("loader", ARM64),
    ),
    Exhibit(
        "a tool on PATH whose interpreter is not there",
        arm({**ARM_ROOT, "usr/local/bin/tool": script("/usr/bin/perl -w")}),
        warned("interpreter", ARM64),
    ),
    Exhibit("an entrypoint that is not there", arm({"other": elf("arm64")}), found("entrypoint", ARM64)),
    Exhibit("an entrypoint that a later layer deletes", arm(ARM_ROOT, {".wh.app": GONE}), found("entrypoint", ARM64)),
    Exhibit("an entrypoint that nobody may run", arm({"app": File(elf("arm64"), 0o644)}), found("entrypoint", ARM64)),
    Exhibit("an entrypoint that is no program", arm({"app": b"text"}), found("entrypoint", ARM64)),
    Exhibit("an entrypoint that is a directory", arm({"app/file": TEXT}), found("entrypoint", ARM64)),
    Exhibit("an entrypoint that leads to itself", arm({"app": link("app")}), found("entrypoint", ARM64)),
    Exhibit(
        "an entrypoint that leads to a program for amd64",
        arm({"app": link("/bin/real"), "bin/real": elf("amd64")}),
        found("entrypoint", ARM64) | found("machine", ARM64),
    ),
    Exhibit(
        "a command that is not on PATH", arm({"opt/app": elf("arm64")}, start=("app",)), found("entrypoint", ARM64)
    ),
    Exhibit(
        "a script whose interpreter is not there", arm({"app": script("/bin/bash -e")}), found("interpreter", ARM64)
    ),
    Exhibit(
        "a script whose env finds no interpreter",
        arm({"app": script("/usr/bin/env python3"), "usr/bin/env": elf("arm64")}),
        found("interpreter", ARM64),
    ),
    Exhibit(
        "a script whose interpreter is for amd64",
        arm({"app": script("/bin/sh"), "bin/sh": elf("amd64")}),
        found("interpreter", ARM64) | found("machine", ARM64),
    ),
    Exhibit(
        "a script that was checked out on Windows",
        arm({"app": script("/bin/sh", "\r\n"), "bin/sh": elf("arm64")}),
        found("interpreter", ARM64),
    ),
    Exhibit(
        "a program whose loader is not there",
        arm({"app": elf("arm64", loader=f"/{ARM_LOADER}")}),
        found("loader", ARM64),
    ),
    Exhibit(
        "a program whose loader is for amd64",
        arm({"app": elf("arm64", loader=f"/{ARM_LOADER}"), ARM_LOADER: elf("amd64", library=True)}),
        found("loader", ARM64) | found("machine", ARM64),
    ),
)

LAYERS = (
    Exhibit(
        "a layer that Microsoft keeps",
        index_of(image_of("windows/amd64", layers=(ELSEWHERE,))),
        warned("unchecked", "windows/amd64"),
        ("windows/amd64",),
        only_fake=NO_SUCH_LAYER,
    ),
    Exhibit(
        "a layer of Linux that somebody else keeps", arm(ELSEWHERE), found("unchecked", ARM64), only_fake=NO_SUCH_LAYER
    ),
    Exhibit("a layer that is not what the config says", claiming(Digest.of(b"another tar")), found("diff-id", ARM64)),
    Exhibit(
        "a config of fewer layers than the manifest",
        arm(ARM_LAYER, Layer(layer_of({"b": TEXT}).content)),
        found("diff-id", ARM64),
    ),
    Exhibit(
        "a layer that is no archive",
        arm(Layer(b"not compressed", diff_id=Digest.of(b"not compressed"))),
        found("layer-unreadable", ARM64),
    ),
    Exhibit(
        "a layer that ends too early",
        arm(replace(ARM_LAYER, content=ARM_LAYER.content[:-20])),
        found("layer-unreadable", ARM64),
    ),
    Exhibit(
        "a zstd layer that ends too early",
        arm(replace(layer_of(ARM_ROOT, ZSTD), content=layer_of(ARM_ROOT, ZSTD).content[:-20])),
        found("layer-unreadable", ARM64),
    ),
    Exhibit("a gzip layer that says zstd", arm(replace(ARM_LAYER, media_type=ZSTD)), found("layer-unreadable", ARM64)),
    Exhibit(
        "a tar with a damaged header",
        arm(Layer(b"\1" + tar_of(ARM_ROOT)[1:], TAR)),
        found("layer-unreadable", ARM64),
    ),
    Exhibit(
        "a path that leads out of the root", arm({**ARM_ROOT, "../../etc/cron.d/x": TEXT}), found("layer-unsafe", ARM64)
    ),
    Exhibit(
        "a hard link that leads out of the root",
        arm({**ARM_ROOT, "x": File(hard_link="../etc/shadow")}),
        found("layer-unsafe", ARM64),
    ),
    Exhibit("a path longer than any system takes", arm({**ARM_ROOT, LONG: TEXT}), found("over-limit", ARM64)),
    Exhibit(
        "a layer of other bytes and the same size",
        arm(layer_of(ARM_ROOT, TAR)),
        found("wrong-bytes", ARM64),
        damage=(Corrupt(Digest.of(tar_of(ARM_ROOT)), tar_of({"app": elf("amd64")})),),
        only_fake="distribution serves no bytes that are not those of their digest",
    ),
)

WRONG_BINARIES = tuple(replace(exhibit, deep=True) for exhibit in (*MACHINES, *STARTS, *LAYERS))
