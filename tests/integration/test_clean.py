"""`bakec clean` after real builds, in a real registry that removes manifests."""

import shutil
import subprocess
import time

import httpx
import pytest

from tests.integration.conftest import HUB, Stack

pytestmark = pytest.mark.docker


def tags(stack: Stack, name: str = "hub") -> set[str]:
    """The tags that the registry has of an image."""
    answer = httpx.get(f"http://{stack.registry}/v2/{stack.root.name}/{name}/tags/list")
    return set(answer.json()["tags"])


def staged(stack: Stack) -> set[str]:
    return {tag for tag in tags(stack) if tag.startswith("staged-")}


def change(stack: Stack, content: str) -> None:
    """Another hub from now on."""
    stack.component("hub", f"{HUB}RUN {content}\n", 'Image(name="hub", smoke=("cat", "/machine"))')


def test_what_was_never_published_goes_and_what_was_can_still_be_pulled(stack: Stack) -> None:
    assert stack.build("hub").status == 0
    published = staged(stack)
    change(stack, "echo unverified")
    stack.component("pair", "FROM hub AS first\nRUN false\n", 'Image(name="first", stage="first")', needs='["hub"]')
    assert stack.build().status == 4
    (left,) = staged(stack) - published
    shutil.rmtree(stack.root / ".bakec")  # as on a machine that never built: only the provenance tells the age
    time.sleep(1.1)

    assert stack.bakec("clean", "--staged", "--older-than", "1h", "hub").out.count("it was used since") == 1
    said = stack.bakec("clean", "--staged", "--older-than", "1s", "hub")
    done = stack.bakec("clean", "--staged", "--older-than", "1s", "hub", "--delete", "--json")
    again = stack.bakec("clean", "--staged", "--older-than", "1s", "hub", "--delete", "--json")

    assert said.out.endswith("2 content tags: 1 would go, 1 stays\nnothing was removed: --delete does it\n"), said
    assert (done.status, again.status) == (0, 0), done.err + again.err
    assert [each["tag"].rpartition(":")[2] for each in done.document["staged"] if each["removed"]] == [left]
    assert not any(each["removed"] for each in again.document["staged"])
    assert tags(stack) == {"v1", *published}
    assert stack.bakec("verify", "hub").status == 0
    for platform in ("linux/amd64", "linux/arm64"):
        reference = f"{stack.registry}/{stack.root.name}/hub:v1"
        subprocess.run(["docker", "pull", "-q", "--platform", platform, reference], check=True, capture_output=True)
        subprocess.run(["docker", "image", "rm", "-f", reference], check=True, capture_output=True)


def test_beside_another_public_tag_all_stays_in_a_registry_that_removes_whole_manifests(stack: Stack) -> None:
    assert stack.build("hub", "--platform", "amd64").status == 0
    shutil.rmtree(stack.root / ".bakec")
    before = tags(stack)
    time.sleep(1.1)

    words = ("clean", "--staged", "--older-than", "1s", "hub", "--delete", "--json")
    kept = stack.bakec(*words)
    done = stack.bakec(*words, "--tag", "v2")  # v1 is no tag of the next build then

    assert (kept.status, done.status) == (0, 0), kept.err + done.err
    assert kept.document["staged"][0]["why"] == "v1 names it: the next build asks for it"
    (only,) = done.document["staged"]
    assert only["why"] == (
        "v1 names it too, and the registry removes a manifest with all of its tags, never a tag alone"
    )
    assert tags(stack) == before, "the probe is gone too"
