"""bakec verify --deep on images that buildx has really built, right ones and wrong ones, and what a user sees of it."""

import json
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import OCI_INDEX, OCI_MANIFEST
from tests.fakes.images import encoded, index_of
from tests.fakes.registry import FakeRegistry, Fault
from tests.integration.conftest import Ended, Stack

pytestmark = pytest.mark.docker

AMD64, ARM64 = "linux/amd64", "linux/arm64"
BOTH = (AMD64, ARM64)
AMD_BUSYBOX = "FROM --platform=linux/amd64 busybox:stable AS amd\n"
AMD_DEBIAN = "FROM --platform=linux/amd64 debian:trixie-slim AS amd\n"
PROJECT = "verified"

Finds = frozenset[tuple[str, str]]


def at(platform: str, *codes: str) -> Finds:
    return frozenset((platform, code) for code in codes)


@dataclass(frozen=True)
class Built:
    """A Dockerfile, built for both platforms, and what must be found in the outcome."""

    dockerfile: str
    finds: Finds = frozenset()
    output: str = ""


RIGHT = {
    "plain": Built("FROM busybox:stable\nRUN uname -m >/machine\n"),
    "static": Built('FROM busybox:stable AS bb\nFROM scratch\nCOPY --from=bb /bin/busybox /app\nENTRYPOINT ["/app"]\n'),
    "dynamic": Built('FROM debian:trixie-slim\nENTRYPOINT ["env"]\n'),
    "data": Built("FROM busybox:stable AS bb\nRUN uname -m >/machine\nFROM scratch\nCOPY --from=bb /machine /\n"),
    "zstd": Built("FROM busybox:stable\nRUN true\n", output="compression=zstd,force-compression=true"),
    "uncompressed": Built("FROM busybox:stable\nRUN true\n", output="compression=uncompressed,force-compression=true"),
    "docker": Built("FROM busybox:stable\nRUN date >/date\n", output="oci-mediatypes=false"),
    "cross-built": Built(
        "FROM --platform=$BUILDPLATFORM busybox:stable AS build\nARG TARGETARCH\nRUN echo $TARGETARCH >/out\n"
        "FROM busybox:stable\nCOPY --from=build /out /out\n"
    ),
}
WRONG = {
    "fixed-base": Built("FROM --platform=linux/amd64 busybox:stable\nRUN true\n", at(ARM64, "entrypoint", "machine")),
    "static-copy": Built(
        AMD_BUSYBOX + "FROM busybox:stable\nCOPY --from=amd /bin/busybox /opt/\n", at(ARM64, "machine")
    ),
    "dynamic-copy": Built(
        AMD_DEBIAN + "FROM busybox:stable\nCOPY --from=amd /usr/bin/env /usr/local/bin/\n",
        at(AMD64, "loader") | at(ARM64, "machine"),
    ),
    "dynamic-start": Built(
        AMD_DEBIAN + 'FROM busybox:stable\nCOPY --from=amd /usr/bin/env /opt/app\nENTRYPOINT ["/opt/app"]\n',
        at(AMD64, "loader") | at(ARM64, "entrypoint", "machine"),
    ),
    "deleted": Built(
        AMD_BUSYBOX + "FROM busybox:stable\nCOPY --from=amd /bin/busybox /opt/\nRUN rm /opt/busybox\n",
        at(ARM64, "machine-deleted"),
    ),
    "no-loader": Built(
        'FROM debian:trixie-slim AS deb\nFROM scratch\nCOPY --from=deb /usr/bin/env /app\nENTRYPOINT ["/app"]\n',
        at(AMD64, "loader") | at(ARM64, "loader"),
    ),
    "no-interpreter": Built(
        "FROM busybox:stable\nRUN printf '#!/bin/bash\\n' >/app && chmod 755 /app\nENTRYPOINT [\"/app\"]\n",
        at(AMD64, "interpreter") | at(ARM64, "interpreter"),
    ),
    "no-program": Built(
        'FROM busybox:stable\nRUN true\nENTRYPOINT ["/app"]\n', at(AMD64, "entrypoint") | at(ARM64, "entrypoint")
    ),
}


@dataclass(frozen=True)
class Shop:
    """Repositories of a registry, and what can be done to them by its API."""

    registry: str

    def reference(self, name: str) -> str:
        return f"{self.registry}/{PROJECT}/{name}:1.0"

    def get(self, name: str, reference: str = "1.0") -> dict[str, Any]:
        headers = {"Accept": f"{OCI_INDEX}, {OCI_MANIFEST}"}
        content: dict[str, Any] = httpx.get(self._url(name, "manifests", reference), headers=headers).json()
        return content

    def put(self, name: str, document: Mapping[str, Any], tag: str = "1.0") -> dict[str, Any]:
        """Write a manifest or an index under a tag, as somebody else might; gives its descriptor."""
        content = encoded(document)
        url = self._url(name, "manifests", tag or str(Digest.of(content)))
        httpx.put(url, content=content, headers={"Content-Type": document["mediaType"]}).raise_for_status()
        return {"mediaType": document["mediaType"], "digest": str(Digest.of(content)), "size": len(content)}

    def blob(self, name: str, digest: str) -> dict[str, Any]:
        content: dict[str, Any] = httpx.get(self._url(name, "blobs", digest)).json()
        return content

    def put_blob(self, name: str, content: bytes) -> dict[str, Any]:
        started = httpx.post(self._url(name, "blobs", "uploads/"))
        where = started.request.url.join(started.headers["Location"])
        digest = str(Digest.of(content))
        httpx.put(where.copy_merge_params({"digest": digest}), content=content).raise_for_status()
        return {"digest": digest, "size": len(content)}

    def delete_blob(self, name: str, digest: str) -> None:
        httpx.delete(self._url(name, "blobs", digest)).raise_for_status()

    def _url(self, name: str, kind: str, rest: str) -> str:
        return f"http://{self.registry}/v2/{PROJECT}/{name}/{kind}/{rest}"


def entries(index: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The entries of an index that are images, by architecture."""
    named = {entry["platform"]["architecture"]: entry for entry in index["manifests"]}
    return {name: named[name] for name in ("amd64", "arm64")}


def only(index: Mapping[str, Any], *images: Mapping[str, Any]) -> dict[str, Any]:
    """The same index, of nothing but these."""
    return {**index, "manifests": list(images)}


def swap_children(shop: Shop, name: str) -> None:
    index = shop.get(name)
    amd64, arm64 = entries(index).values()
    swapped = amd64 | {"platform": arm64["platform"]}, arm64 | {"platform": amd64["platform"]}
    shop.put(name, only(index, *swapped))


def list_one_under_both(shop: Shop, name: str) -> None:
    index = shop.get(name)
    amd64, arm64 = entries(index).values()
    shop.put(name, only(index, amd64, amd64 | {"platform": arm64["platform"]}))


def lie_in_the_config(shop: Shop, name: str) -> None:
    """The arm64 image says that it is for amd64; all digests are right."""
    index = shop.get(name)
    amd64, arm64 = entries(index).values()
    manifest = shop.get(name, arm64["digest"])
    config = shop.blob(name, manifest["config"]["digest"]) | {"architecture": "amd64"}
    manifest["config"] |= shop.put_blob(name, encoded(config))
    shop.put(name, only(index, amd64, arm64 | shop.put(name, manifest, "")))


def lose_a_layer(shop: Shop, name: str) -> None:
    arm64 = entries(shop.get(name))["arm64"]
    shop.delete_blob(name, shop.get(name, arm64["digest"])["layers"][-1]["digest"])


def lose_a_platform(shop: Shop, name: str) -> None:
    index = shop.get(name)
    shop.put(name, only(index, entries(index)["amd64"]))


def push_one_platform_over_both(shop: Shop, name: str) -> None:
    shop.put(name, shop.get(name, entries(shop.get(name))["arm64"]["digest"]))


DAMAGED: Mapping[str, tuple[Callable[[Shop, str], None], Finds]] = {
    "swapped": (
        swap_children,
        at(AMD64, "platform-lie", "machine", "entrypoint") | at(ARM64, "platform-lie", "machine", "entrypoint"),
    ),
    "one-for-both": (
        list_one_under_both,
        at(AMD64, "same-manifest") | at(ARM64, "same-manifest", "platform-lie", "machine", "entrypoint"),
    ),
    "config-lie": (lie_in_the_config, at(ARM64, "platform-lie")),
    "lost-layer": (lose_a_layer, at(ARM64, "missing")),
    "lost-platform": (lose_a_platform, at(ARM64, "platform-missing")),
    "overwritten": (push_one_platform_over_both, at("", "not-an-index") | at(AMD64, "platform-missing")),
}


@pytest.fixture(scope="module")
def shop(registry: str, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Everything built for both platforms in one run of buildx, and then damaged where it must be."""
    shop = Shop(registry)
    plain = RIGHT["plain"].dockerfile
    damaged = {name: Built(f"{plain}RUN echo {name} $(uname -m) >/name\n") for name in DAMAGED}
    targets = {
        name: {
            "dockerfile-inline": built.dockerfile,
            "platforms": list(BOTH),
            "output": [f"type=image,push=true,{built.output}".rstrip(",")],
            "tags": [shop.reference(name)],
        }
        for name, built in {**RIGHT, **WRONG, **damaged}.items()
    }
    directory = tmp_path_factory.mktemp("bake")
    bake = {"group": {"default": {"targets": list(targets)}}, "target": targets}
    (directory / "docker-bake.json").write_text(json.dumps(bake))
    argv = ["docker", "buildx", "bake", "--file", "docker-bake.json"]
    done = subprocess.run(argv, cwd=directory, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    for name, (damage, _) in DAMAGED.items():
        damage(shop, name)
    return shop


def bakec(directory: Path, *words: str) -> Ended:
    """Run bakec in a directory, which also keeps what it has read of layers."""
    return Stack(directory, "127.0.0.1:1", "none").bakec(*words, env={"XDG_CACHE_HOME": str(directory)})


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one run has read, the others need not read again."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def ended(shop: Shop, cache: Path) -> Ended:
    """All of them verified by one command."""
    references = map(shop.reference, [*RIGHT, *WRONG, *DAMAGED])
    words = ("--platform", "amd64,arm64", "--deep", "--json")
    return bakec(cache, "verify", *references, *words)


def found(image: Mapping[str, Any]) -> Finds:
    return frozenset((finding["platform"] or "", finding["code"]) for finding in image["findings"])


EXPECTED = {
    **{name: built.finds for name, built in {**RIGHT, **WRONG}.items()},
    **{name: finds for name, (_, finds) in DAMAGED.items()},
}


@pytest.mark.parametrize("name", EXPECTED)
def test_finds_all_that_is_wrong_and_nothing_else(shop: Shop, ended: Ended, name: str) -> None:
    image = ended.image(shop.reference(name))

    assert found(image) == EXPECTED[name], image["findings"]
    broken = {
        finding["platform"] or platform
        for finding in image["findings"]
        for platform in BOTH
        if finding["severity"] == "error"
    }
    outcomes = {cell["platform"]: cell["outcome"] for cell in image["cells"]}
    assert outcomes == {platform: "failed" if platform in broken else "verified" for platform in BOTH}


def test_tells_all_at_once_with_status_6(ended: Ended) -> None:
    assert ended.status == 6
    assert ended.document["schema"] == "bakec.report/1"
    assert ended.document["exit_code"] == 6
    assert ended.document["checks"] == ["registry", "deep"]
    assert len(ended.document["images"]) == len(EXPECTED)
    for finding in (finding for image in ended.document["images"] for finding in image["findings"]):
        assert finding.keys() == {"code", "severity", "platform", "message", "hint"}
        assert finding["message"]
        assert finding["hint"]


def test_tells_what_is_in_an_image_that_is_right(shop: Shop, ended: Ended) -> None:
    platforms = {each["platform"]: each for each in ended.image(shop.reference("dynamic"))["platforms"]}

    for platform, machine in ((AMD64, "x86_64"), (ARM64, "aarch64")):
        assert platforms[platform]["binaries"].keys() == {machine}
        (statement,) = platforms[platform]["provenance"]
        assert statement["platforms"] == [platform]
        assert [base["name"].rpartition("/")[2] for base in statement["bases"]] == ["debian:trixie-slim"]


def test_the_amd64_image_of_a_wrong_pair_is_still_verified(shop: Shop, ended: Ended) -> None:
    cells = ended.image(shop.reference("static-copy"))["cells"]

    assert {cell["platform"]: cell["outcome"] for cell in cells} == {AMD64: "verified", ARM64: "failed"}


def test_a_right_release_ends_with_status_0(shop: Shop, cache: Path) -> None:
    ended = bakec(cache, "verify", *map(shop.reference, RIGHT), "--platform", "amd64,arm64", "--deep")

    assert ended.status == 0, ended.out + ended.err
    assert f"{len(RIGHT)} images" in ended.out
    assert "error" not in ended.out


def test_a_warning_ends_with_status_0(shop: Shop, cache: Path) -> None:
    ended = bakec(cache, "verify", shop.reference("deleted"), "--platform", "amd64,arm64", "--deep")

    assert ended.status == 0, ended.out
    assert "warning: " in ended.out
    assert "[machine-deleted]" in ended.out


def test_a_binary_that_is_meant_is_not_found(shop: Shop, cache: Path) -> None:
    words = ("--platform", "amd64,arm64", "--deep", "--foreign", "opt/*")

    assert bakec(cache, "verify", shop.reference("static-copy"), *words).status == 0


def test_without_deep_only_the_registry_is_asked(shop: Shop, cache: Path) -> None:
    assert bakec(cache, "verify", shop.reference("static-copy"), "--platform", "amd64,arm64").status == 0


def test_says_in_a_pipe_what_is_wrong_and_what_to_do_without_control_characters(shop: Shop, cache: Path) -> None:
    ended = bakec(cache, "verify", shop.reference("lost-platform"), shop.reference("plain"), "--platform=amd64,arm64")

    assert ended.status == 6
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", ended.out + ended.err)
    lines = ended.out.splitlines()
    (error,) = (number for number, line in enumerate(lines) if line.startswith("error: "))
    assert shop.reference("lost-platform") in lines[error]
    assert lines[error].endswith("[platform-missing]")
    assert lines[error + 1].startswith(" hint: ")


def test_a_tag_moved_between_push_and_check_is_not_what_was_released(stack: Stack) -> None:
    built = stack.build("hub")
    assert built.status == 0, built.err
    (stack.root / "release.json").write_text(built.out)
    before = stack.bakec("verify", "--release", "release.json")
    index = stack.manifest("hub").json()
    stack.put_manifest("hub", json.dumps(index).encode(), index["mediaType"])

    after = stack.bakec("verify", "--release", "release.json", "--json")

    assert before.status == 0, before.out
    assert after.status == 6
    assert found(after.image("hub")) == at("", "digest")
    assert "release.json has" in after.image("hub")["findings"][0]["message"]


def test_a_label_that_the_models_promise_and_another_build_does_not_have(stack: Stack) -> None:
    stack.component("hub", "FROM busybox:stable\nRUN true\n", 'Image(name="hub")')
    assert stack.build("hub").status == 0
    labelled = 'Image(name="hub", labels={"org.opencontainers.image.version": "2.0"})'
    stack.component("hub", "FROM busybox:stable\nRUN true\n", labelled)

    ended = stack.bakec("verify", "hub", "--json")

    assert ended.status == 6
    assert found(ended.image("hub")) == at(AMD64, "label") | at(ARM64, "label")


@pytest.mark.parametrize("status", [401, 403])
def test_a_registry_that_will_not_say_ends_with_status_5_and_nothing_is_missing(cache: Path, status: int) -> None:
    fake = FakeRegistry()
    fake.push("acme/web", "1.0", index_of(*BOTH))
    fake.faults.append(Fault(status, times=99))
    with fake.serve() as host:
        ended = bakec(cache, "verify", f"{host}/acme/web:1.0", "--platform", "amd64,arm64", "--json")

    assert ended.status == 5
    assert found(ended.image(f"{host}/acme/web:1.0")) == at("", "unchecked")
    assert "missing" not in ended.out
    assert "verified" not in ended.outcomes.values()


def test_one_that_is_wrong_weighs_more_than_one_that_would_not_be_told(cache: Path) -> None:
    fake = FakeRegistry()
    fake.push("acme/secret", "1.0", index_of(*BOTH))
    fake.push("acme/half", "1.0", index_of(AMD64))
    fake.faults.append(Fault(403, path="acme/secret", times=99))
    with fake.serve() as host:
        references = (f"{host}/acme/secret:1.0", f"{host}/acme/half:1.0")
        ended = bakec(cache, "verify", *references, "--platform", "amd64,arm64")

    assert ended.status == 6
    assert "[unchecked]" in ended.out
    assert "[platform-missing]" in ended.out
