"""Two real registries, of which the second fails: one digest in both, and all tags of both move, or none."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from pytest_docker.plugin import Services

from bake_compiler.oci.manifest import OCI_INDEX, OCI_MANIFEST
from tests.fakes.faulty import Asked, Fault, Faulty, Status, always, at, faulty, sound
from tests.integration.faults.conftest import Faulted, wait_for

pytestmark = pytest.mark.docker

QUICKLY = {"BAKEC_RETRY_PAUSE": "0.2"}
IMAGES = ("hub", "web")
PUBLIC = tuple(f"{tag}{end}" for tag in ("v1", "latest") for end in ("", "-amd64", "-arm64"))
WRITTEN = """\
from bake_compiler import Phase, Project, Var

project = Project(
    name="mirrored", registry="127.0.0.1:1", also=("{also}",), repository="{folder}/{{image}}", tag="v0",
    tags=(Var("TAG"), "latest"), platforms=("amd64", "arm64"), phases=(Phase(name="base"), Phase(name="top")),
    architecture_tags=True,
)
"""


@pytest.fixture
def mirror(docker_ip: str, docker_services: Services) -> Iterator[Faulty]:
    """A second real registry, behind what makes it fail."""
    address = f"{docker_ip}:{docker_services.port_for('mirror', 5000)}"

    def answers() -> bool:
        try:
            return httpx.get(f"http://{address}/v2/").status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    wait_for("second registry", answers)
    with faulty(address) as proxy:
        yield proxy


@pytest.fixture
def both(tmp_path: Path, registry: str, mirror: Faulty) -> Faulted:
    """A hub and an image that is built from it, pushed to both."""
    root = tmp_path / f"mirrored-{uuid4().hex[:8]}"
    (root / "components").mkdir(parents=True)
    (root / "components" / "project.py").write_text(WRITTEN.format(also=f"{mirror.address}/far", folder=root.name))
    made = Faulted(root, registry, "v1", registry)
    made.image("hub")
    made.image("web", needs=["hub"])
    return made


def names(registry: str, folder: str) -> dict[str, str]:
    """What every public tag names in one registry."""
    found = {}
    for image in IMAGES:
        for tag in PUBLIC:
            kind = OCI_INDEX if tag in {"v1", "latest"} else OCI_MANIFEST
            url = f"http://{registry}/v2/{folder}/{image}/manifests/{tag}"
            answer = httpx.head(url, headers={"Accept": kind})
            if answer.is_success:
                found[f"{image}:{tag}"] = answer.headers["Docker-Content-Digest"]
    return found


def everywhere(both: Faulted, mirror: Faulty) -> dict[str, str]:
    """What every public tag names, which must be the same in both."""
    here = names(both.registry, both.root.name)
    assert names(mirror.upstream, f"far/{both.root.name}") == here
    return here


def test_one_build_is_in_both_with_one_digest_each_platform_too_and_a_second_run_builds_nothing(
    both: Faulted, mirror: Faulty
) -> None:
    ended = both.build("all")

    assert ended.status == 0, ended.told
    assert ended.document["published"] is True
    found = everywhere(both, mirror)
    assert len(found) == len(IMAGES) * len(PUBLIC)
    for image in ended.document["images"]:
        assert found[f"{image['name']}:v1"] == found[f"{image['name']}:latest"] == image["digest"]
        for each in image["platforms"]:
            end = each["platform"].removeprefix("linux/")
            assert found[f"{image['name']}:v1-{end}"] == found[f"{image['name']}:latest-{end}"] == each["digest"]
    assert both.bakec("verify", "all").status == 0
    assert pulled(f"{mirror.upstream}/far/{both.root.name}/hub:v1-arm64") == "linux/arm64"

    again = both.build("all")
    assert set(again.outcomes.values()) == {"unchanged"}
    assert everywhere(both, mirror) == found


def pulled(name: str) -> str:
    """The platform that Docker gets under a name, when nobody says which."""
    subprocess.run(["docker", "pull", "--quiet", name], check=True, capture_output=True)
    inspect = ["docker", "image", "inspect", "--format", "{{.Os}}/{{.Architecture}}", name]
    shown = subprocess.run(inspect, check=True, capture_output=True, text=True).stdout
    subprocess.run(["docker", "image", "rm", name], check=True, capture_output=True)
    return shown.strip()


def test_the_committed_file_by_hand_pushes_to_both(both: Faulted, mirror: Faulty) -> None:
    assert both.bakec("compile").status == 0
    env = {**os.environ, "REGISTRY": both.registry, "TAG": "v1"}
    bake = ["docker", "buildx", "bake", "--push", "hub"]

    done = subprocess.run(bake, cwd=both.root, env=env, check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr[-2000:]
    assert set(everywhere(both, mirror)) == {"hub:v1", "hub:latest"}


def test_an_image_that_the_second_has_not_moves_no_tag_of_either(both: Faulted, mirror: Faulty) -> None:
    mirror.rule = always(lambda asked: asked.stages and asked.image == "web", Status(403))
    refused = both.build("all", env=QUICKLY)
    mirror.rule = always(lambda asked: asked.method == "GET" and "/web/manifests/sha256:" in asked.path, Status(404))
    unverified = both.build("all", env=QUICKLY)

    assert (refused.status, refused.document["published"]) == (5, False), refused.told
    assert (unverified.status, unverified.document["published"]) == (6, False), unverified.told
    assert everywhere(both, mirror) == {}


def test_a_second_registry_that_fails_between_tags_leaves_a_release_that_is_undone_or_named(
    both: Faulted, mirror: Faulty
) -> None:
    assert both.build("all").status == 0
    before = everywhere(both, mirror)
    for image in IMAGES:
        both.change(image)
    tags = len(IMAGES) * len(PUBLIC)

    for n in (1, tags // 2, tags):
        mirror.rule = at(n, lambda asked: asked.publishes, Status(403))
        ended = both.build("all", env=QUICKLY)

        assert (ended.status, ended.document["published"]) == (5, False), ended.told
        assert "all other tags are as they were" in ended.document["publish_error"]
        assert everywhere(both, mirror) == before

    moved: list[Asked] = []

    def shut(asked: Asked) -> Fault | None:
        """Nobody is let in any more."""
        moved.extend([asked] if asked.publishes else [])
        return Status(403) if len(moved) > tags // 2 else None

    mirror.rule = shut
    ended = both.build("all", env=QUICKLY)
    mirror.rule = sound

    assert (ended.status, ended.document["published"]) == (5, False), ended.told
    assert "does not say what is named by" in ended.document["publish_error"]
    assert names(both.registry, both.root.name) == before
    assert both.bakec("release", "status", "--json").document["state"] == "torn"
    assert both.bakec("rollback").status == 0
    assert everywhere(both, mirror) == before
    assert both.bakec("release", "finish").status == 0
    after = everywhere(both, mirror)
    new = {image["name"]: image["digest"] for image in ended.document["images"]}
    assert {image: after[f"{image}:v1"] for image in IMAGES} == new
