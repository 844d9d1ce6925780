"""Images that are unusual and right: nothing at all may be found, not even a warning."""

from dataclasses import replace
from typing import Any

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import OCI_MANIFEST
from bake_compiler.verify import Annotation, Level
from tests.fakes.binaries import elf, java_class, mach_o, pe, script
from tests.fakes.images import (
    DOCKER_LAYER,
    EMPTY,
    SLSA_1,
    Layer,
    Made,
    artifact_of,
    attestation_of,
    encoded,
    image_of,
    index_of,
    statement_of,
)
from tests.gallery.exhibit import ARM64, BOTH, Exhibit
from tests.gallery.layers import DOCKER_ZSTD, GONE, TAR, ZSTD, File, Files, layer_of, layers_of, link

LOADERS = {"amd64": "lib64/ld-linux-x86-64.so.2", "arm64": "lib/ld-linux-aarch64.so.1"}
FOREIGN = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
VERSION = {"org.opencontainers.image.version": "1.0"}


def image(platform: str, *parts: Files, media_type: str = TAR, **run: Any) -> Made:
    """An image of these layers, which starts as `run` says."""
    docker = media_type in {DOCKER_LAYER, DOCKER_ZSTD}
    return image_of(platform, layers=layers_of(*parts, media_type=media_type), run=run, docker=docker)


def static(media_type: str, **index: Any) -> Made:
    """A static program for each platform, in layers of this type."""
    return index_of(
        *(
            image(platform, {"app": elf(platform.rpartition("/")[2])}, media_type=media_type, Entrypoint=["/app"])
            for platform in BOTH
        ),
        **index,
    )


def both(files: Files, *above: Files, **run: Any) -> Made:
    """Both platforms with the same files on top of a shell of their own."""
    return index_of(
        *(
            image(
                platform,
                {"bin/sh": link("busybox"), "bin/busybox": elf(platform.rpartition("/")[2])},
                files,
                *above,
                **run,
            )
            for platform in BOTH
        )
    )


def dynamic(architecture: str) -> Files:
    """A program, its library and its loader on a merged /usr, as Debian has it."""
    loader = LOADERS[architecture]
    return {
        "lib": link("usr/lib"),
        "lib64": link("usr/lib64"),
        "bin": link("usr/bin"),
        f"usr/{loader}": link("/usr/lib/ld.so"),
        "usr/lib/ld.so": elf(architecture, library=True),
        "usr/lib/libc.so.6": File(elf(architecture, library=True)),
        "usr/bin/app": elf(architecture, loader=f"/{loader}"),
    }


def without_layers(platform: str) -> Made:
    made = image_of(platform, layers=())
    return replace(made, content=made.content.replace(b'"layers":[]', b'"layers":null'))


def promising(**how: Any) -> Made:
    """Images that keep all promises of labels, annotations and provenance."""
    images = [
        replace(
            image_of(platform, layers=(), run={"Labels": VERSION}, annotations=VERSION),
            annotations=VERSION,
        )
        for platform in BOTH
    ]
    return index_of(*images, annotations=VERSION, **how)


def artifacts(made: Made) -> Made:
    return index_of(*(replace(child, beside=(artifact_of(child),)) for child in made.children))


def slsa_1(child: Made) -> Made:
    statement = statement_of(child.digest, platform=child.platform, predicate=SLSA_1, bases={"debian:13": child.digest})
    return attestation_of(child, statement=statement, predicate=SLSA_1)


def chart() -> Made:
    """An artifact that is of nothing in the index."""
    content = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": "application/vnd.example.manual",
        "config": {"mediaType": EMPTY, "digest": str(Digest.of(b"{}")), "size": 2},
        "layers": [],
    }
    return Made(OCI_MANIFEST, encoded(content), artifact_type="application/vnd.example.manual", blobs=(b"{}",))


def elsewhere() -> Made:
    """Windows images whose base layer is kept by Microsoft."""
    base = Layer(b"the base of Windows", FOREIGN, Digest.of(b"base"), elsewhere=True)
    return index_of(image_of("windows/amd64", layers=(base, layer_of({"Files/app.exe": pe("amd64")}))))


STATIC = static(TAR)
PROMISED = {
    "labels": VERSION,
    "annotations": tuple(Annotation(level, None, *next(iter(VERSION.items()))) for level in Level),
    "provenance": True,
}
WINDOWS = tuple(
    replace(
        image("windows/amd64", {"Files/app.exe": pe("amd64"), "version": File(version.encode())}), os_version=version
    )
    for version in ("10.0.17763.6775", "10.0.20348.2966", "10.0.26100.1742")
)

_RIGHT = (
    Exhibit(
        "no binaries at all", index_of(*(image(platform, {"index.html": File(platform.encode())}) for platform in BOTH))
    ),
    Exhibit("no layers at all", index_of(*map(without_layers, BOTH))),
    Exhibit("static programs, as of Go", STATIC),
    Exhibit("zstd layers", static(ZSTD)),
    Exhibit("a Docker manifest list", static(DOCKER_LAYER, docker=True)),
    Exhibit("Docker media types with zstd", static(DOCKER_ZSTD, docker=True)),
    Exhibit("Docker manifests in an OCI index", static(DOCKER_LAYER, attested=True)),
    Exhibit(
        "dynamic programs on a merged /usr",
        index_of(*(image(f"linux/{name}", dynamic(name), Entrypoint=["app"]) for name in LOADERS)),
    ),
    Exhibit(
        "arm in three variants",
        index_of(
            *(
                image(
                    f"linux/{name}",
                    {"app": elf(name.partition("/")[0]), "name": File(name.encode())},
                    Entrypoint=["/app"],
                )
                for name in ("arm/v6", "arm/v7", "arm64")
            )
        ),
        platforms=("linux/arm/v6", "linux/arm/v7", ARM64),
    ),
    Exhibit(
        "three versions of Windows beside Linux",
        index_of(*STATIC.children, *WINDOWS),
        platforms=(*BOTH, "windows/amd64"),
    ),
    Exhibit(
        "a layer that is kept elsewhere",
        elsewhere(),
        platforms=("windows/amd64",),
        only_fake="distribution refuses layers that it does not have",
    ),
    Exhibit("an index in an index", index_of(STATIC.children[0], index_of(STATIC.children[1], attested=True))),
    Exhibit("attestations as artifacts beside the index", artifacts(STATIC), promise={"provenance": True}),
    Exhibit(
        "attestations as artifacts in the index",
        index_of(*STATIC.children, *map(artifact_of, STATIC.children)),
        promise={"provenance": True},
    ),
    Exhibit(
        "provenance in version 1 of SLSA",
        index_of(*STATIC.children, *map(slsa_1, STATIC.children)),
        promise={"provenance": True},
    ),
    Exhibit("an artifact of nothing in the index", index_of(*STATIC.children, chart())),
    Exhibit("all promises kept", promising(attested=True), promise=PROMISED, tags={"latest": promising(attested=True)}),
    Exhibit(
        "nothing to start",
        index_of(*(image(f"linux/{name}", {"lib/libx.so": elf(name, library=True)}) for name in ("amd64", "arm64"))),
    ),
    Exhibit(
        "32-bit programs where they run",
        index_of(
            *(
                image(f"linux/{name}", {"app": elf(small), "bin/x": elf(name)}, Entrypoint=["/app"])
                for name, small in (("amd64", "386"), ("arm64", "arm"))
            )
        ),
    ),
    Exhibit(
        "other machines that nobody can boot",
        both({"ebpf.o": File(elf("bpf")), "lib/kernel.co": File(elf("amd64", relocatable=True))}, Cmd=["sh"]),
    ),
    Exhibit(
        "a cross tool chain that is meant",
        both({"opt/cross/bin/gcc": elf("s390x"), "usr/bin/qemu-riscv64": elf("riscv64")}, Cmd=["/bin/sh"]),
        promise={"foreign": ("opt/cross/**", "usr/bin/qemu-*")},
    ),
    Exhibit(
        ".NET assemblies",
        both(
            {"app/Web.dll": File(pe("386", library=True, managed=True)), "app/Web.exe": pe("amd64", managed=True)},
            Cmd=["sh"],
        ),
    ),
    Exhibit(
        "Java classes",
        both(
            {"app/Main.class": File(java_class()), "app/Run.class": java_class()},
            Entrypoint=["/bin/sh", "-c", "java Main"],
        ),
    ),
    Exhibit(
        "native modules for every machine",
        both(
            {
                "app/prebuilds/linux-x64/bcrypt.node": elf("amd64", library=True),
                "app/prebuilds/linux-arm64/bcrypt.node": elf("arm64", library=True),
                "app/prebuilds/darwin-arm64/bcrypt.node": mach_o("arm64"),
            }
        ),
    ),
    Exhibit(
        "a script of a package whose interpreter is only suggested",
        both({"usr/bin/report": script("/usr/bin/perl -w")}, Cmd=["sh"]),
    ),
    Exhibit(
        "launchers for Windows that Python packages bring along",
        both(
            {
                "venv/lib/python3/site-packages/setuptools/cli-64.exe": File(pe("amd64")),
                "venv/lib/python3/site-packages/pip/t64-arm.exe": File(pe("arm64")),
            }
        ),
    ),
    Exhibit(
        "a script started by env from PATH",
        both(
            {
                "app/serve": script("/usr/bin/env -S python3 -u"),
                "usr/bin/env": link("../../bin/busybox"),
                "venv/bin/python3": link("/bin/busybox"),
            },
            Entrypoint=["serve"],
            Env=["PATH=/app:/venv/bin:/bin"],
        ),
    ),
    Exhibit(
        "a script beside the working directory",
        both({"srv/run": script("/bin/sh")}, WorkingDir="/srv", Entrypoint=["./run"], Cmd=["--help"]),
    ),
    Exhibit(
        "files that later layers delete and replace",
        both(
            {"opt/data": File(b"data"), "etc/x": link("y")},
            {"opt/.wh..wh..opq": GONE, "etc/.wh.x": GONE},
            {"opt/data": link("/etc")},
            Cmd=["sh"],
        ),
    ),
    Exhibit("a program that a hard link starts", both({"bin/ash": File(hard_link="bin/busybox")}, Cmd=["/bin/ash"])),
)

RIGHT = tuple(replace(exhibit, deep=exhibit.name != "a layer that is kept elsewhere") for exhibit in _RIGHT)
