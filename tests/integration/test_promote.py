"""rc to final on the real registry, as a person does it: build, verify, promote, verify, deploy by digest."""

import json
from pathlib import Path

import httpx
import pytest

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import OCI_INDEX
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.release_file import SCHEMA, ReleasedImage, ReleasedPlatform, ReleaseFile, render_release_file
from tests.fakes.counted import counted
from tests.fakes.images import Made, index_of
from tests.integration.conftest import Stack

pytestmark = pytest.mark.docker

BOTH = ("linux/amd64", "linux/arm64")
LIMIT = 200_000


def pushed(registry: str, repository: str, tag: str) -> Made:
    """A small image for both platforms, in a repository of the real registry."""
    made = index_of(*BOTH)
    root = f"http://{registry}/v2/{repository}"
    with httpx.Client() as http:
        for child in made.children:
            for blob in child.blobs:
                where = http.post(f"{root}/blobs/uploads/")
                url = where.request.url.join(where.headers["Location"])
                digest = str(Digest.of(blob))
                http.put(url.copy_merge_params({"digest": digest}), content=blob).raise_for_status()
            _put(http, f"{root}/manifests/{child.digest}", child)
        _put(http, f"{root}/manifests/{tag}", made)
    return made


def _put(http: httpx.Client, url: str, made: Made) -> None:
    http.put(url, content=made.content, headers={"Content-Type": made.media_type}).raise_for_status()


def digest_of(registry: str, repository: str, tag: str) -> str:
    url = f"http://{registry}/v2/{repository}/manifests/{tag}"
    return httpx.head(url, headers={"Accept": OCI_INDEX}).raise_for_status().headers["Docker-Content-Digest"]


def test_rc_becomes_final_with_equal_digests_and_a_tag_that_was_tampered_with_is_found(stack: Stack) -> None:
    stack.bakec("compile")
    built = stack.bakec("build", "hub", "--release-file", "rc.json")
    assert built.status == 0, built.err
    rc = json.loads((stack.root / "rc.json").read_text())
    (hub,) = rc["images"]
    assert hub["digest"] == stack.manifest("hub").headers["Docker-Content-Digest"]
    assert hub["content_tag"]
    assert digest_of(stack.registry, f"{stack.root.name}/hub", hub["content_tag"]) == hub["digest"]
    assert all(platform["provenance"] for platform in hub["platforms"])
    assert any("busybox" in base["name"] and base["digest"] for base in hub["bases"])
    assert stack.bakec("verify", "--release", "rc.json").status == 0

    dry = stack.bakec("promote", "rc.json", "--tag", "final", "--dry-run", "--json")
    assert (dry.status, dry.document["tags"][0]["before"]) == (0, None)
    promoted = stack.bakec("promote", "rc.json", "--tag", "final", "--release-file", "final.json", "--json")

    assert promoted.status == 0, promoted.err
    final = json.loads((stack.root / "final.json").read_text())
    assert [image["digest"] for image in final["images"]] == [hub["digest"]]
    assert digest_of(stack.registry, f"{stack.root.name}/hub", "final") == hub["digest"]
    assert stack.bakec("verify", "--release", "final.json").status == 0
    compose = stack.bakec("release", "export", "--format", "compose", "final.json")
    assert f'image: "{hub["repository"]}@{hub["digest"]}"' in compose.out

    other = stack.manifest("hub").json()
    url = f"http://{stack.registry}/v2/{stack.root.name}/hub/manifests/final"
    httpx.put(url, content=json.dumps(other), headers={"Content-Type": other["mediaType"]}).raise_for_status()
    tampered = stack.bakec("verify", "--release", "final.json", "--json")
    assert tampered.status == 6
    assert [finding["code"] for finding in tampered.image("hub")["findings"]] == ["digest"]
    assert stack.bakec("rollback", promoted.document["release"]).status == 6  # someone else has moved it


def test_39_tags_are_promoted_with_less_than_200_kb(registry: str, tmp_path: Path) -> None:
    names = [f"image-{number}" for number in range(13)]
    made = {name: pushed(registry, f"{tmp_path.name}/{name}", "1.0-rc1") for name in names}
    stack = Stack(tmp_path, registry, "1.0-rc1")
    with counted(registry) as way:
        (tmp_path / "rc.json").write_text(render_release_file(released(way.address, tmp_path.name, made)))

        ended = stack.bakec("promote", "rc.json", "--tag", "v1.0.0", "--tag", "v1.0", "--tag", "latest", "--json")

        assert ended.status == 0, ended.err
        assert len(ended.document["tags"]) == 39
        assert 39 * len(made[names[0]].content) < way.sent < LIMIT
    print(f"{way.sent} bytes sent for 39 tags")  # noqa: T201 - the figure is what is asked for
    for name in names:
        for tag in ("v1.0.0", "v1.0", "latest"):
            assert digest_of(registry, f"{tmp_path.name}/{name}", tag) == str(made[name].digest)


def released(address: str, folder: str, made: dict[str, Made]) -> ReleaseFile:
    images = (
        ReleasedImage(
            name=name,
            repository=f"{address}/{folder}/{name}",
            tags=(Reference(address, f"{folder}/{name}", "1.0-rc1"),),
            digest=each.digest,
            platforms=tuple(
                ReleasedPlatform(platform=Platform.parse(child.platform), digest=child.digest, size=1)
                for child in each.children
            ),
        )
        for name, each in made.items()
    )
    return ReleaseFile(schema=SCHEMA, tag="1.0-rc1", images=tuple(images))
