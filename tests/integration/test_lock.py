"""bakec lock on the real engine: what BuildKit takes, by its own provenance, while the base's tag moves."""

import json
import shutil
import time

import httpx
import pytest

from bake_compiler.oci.manifest import OCI_INDEX, OCI_MANIFEST
from tests.integration.conftest import Stack

pytestmark = pytest.mark.docker


def push_base(stack: Stack, dockerfile: str, platforms: str = "amd64,arm64") -> str:
    """Build an image and push it as the base that `user` takes; its digest."""
    stack.component("origin", dockerfile, 'Image(name="origin")')
    built = stack.build("origin", "--platform", platforms, "--tag", f"v{time.time_ns()}")
    assert built.status == 0, built.err
    digest: str = built.image("origin")["digest"]
    url = f"http://{stack.registry}/v2/{stack.root.name}/origin/manifests/"
    content = httpx.get(url + digest, headers={"Accept": OCI_INDEX}).content
    httpx.put(f"{url}moving", content=content, headers={"Content-Type": OCI_INDEX}).raise_for_status()
    return digest


def taken(stack: Stack) -> set[tuple[str, str]]:
    """The bases of the image `user`, and their digests, as the provenance of what was built says."""
    file = stack.root / "release.json"
    built = stack.build("user", "--rebuild", "--release-file", str(file))
    assert built.status == 0, built.err
    (image,) = json.loads(file.read_text())["images"]
    return {(base["name"], base["digest"]) for base in image["bases"]}


def test_a_build_takes_what_is_locked_though_the_tag_moved_and_check_tells_it(stack: Stack) -> None:
    base = f"{stack.registry}/{stack.root.name}/origin:moving"
    locked = push_base(stack, "FROM scratch\nCOPY Dockerfile /\n")
    user = f"FROM {base} AS a\nFROM scratch\nCOPY --from=a / /a/\nCOPY --from={base} / /b/\n"
    stack.component("user", user, 'Image(name="user")')

    for name in ("hub", "pair"):  # whose base is on Docker Hub
        shutil.rmtree(stack.root / "components" / name)
    assert stack.bakec("lock").status == 0
    assert taken(stack) == {(base, locked)}
    assert stack.bakec("lock", "--check").status == 0

    push_base(stack, "FROM scratch\nCOPY Dockerfile /moved\n")
    told = stack.bakec("lock", "--check")

    assert told.status == 6
    assert "moved " in told.out
    assert "touches user (linux/amd64, linux/arm64)" in told.out
    assert taken(stack) == {(base, locked)}


def test_a_base_without_a_wanted_platform_is_stopped_before_anything_is_built(stack: Stack) -> None:
    base = f"{stack.registry}/{stack.root.name}/origin"
    index = push_base(stack, "FROM scratch\nCOPY Dockerfile /\n", "amd64")
    shutil.rmtree(stack.root / ".bakec")
    stack.component("hub", f"FROM {base}:moving\n", 'Image(name="hub")')

    told = stack.build("hub")

    place = "hub (component hub), components/hub/Dockerfile:1"
    assert told.status == 7
    assert f"{place}: {base}:moving is not made for linux/arm64, but for linux/amd64" in told.err
    assert not (stack.root / ".bakec/runs").exists()

    url = f"http://{stack.registry}/v2/{stack.root.name}/origin/manifests/"
    child = httpx.get(url + index, headers={"Accept": OCI_INDEX}).json()["manifests"][0]["digest"]
    content = httpx.get(url + child, headers={"Accept": OCI_MANIFEST}).content
    httpx.put(f"{url}alone", content=content, headers={"Content-Type": OCI_MANIFEST}).raise_for_status()
    stack.component("hub", f"FROM {base}:alone\n", 'Image(name="hub")')

    told = stack.build("hub")  # which BuildKit would build, with a warning

    assert told.status == 7
    assert f"{place}: {base}:alone is the manifest of linux/amd64 alone, not an index: linux/arm64 would" in told.err
    assert not (stack.root / ".bakec/runs").exists()
    assert stack.build("hub", "--platform", "amd64").status == 0
