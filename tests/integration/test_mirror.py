"""bakec mirror between real registries: the sandbox's, with real images, is the vendor; the tests' own is home."""

import os
from pathlib import Path

import pytest

from tests.integration.conftest import Stack

pytestmark = pytest.mark.docker

BUSYBOX = "library/busybox"


@pytest.fixture
def mirror(tmp_path: Path, registry: str) -> Stack:
    """A project with an image of a vendor, and one that the vendor keeps in a repository for each platform."""
    vendor = os.environ["BAKEC_REGISTRY"]
    root = tmp_path / f"mirror-{os.getpid()}"
    (root / "components").mkdir(parents=True)
    (root / "components/project.py").write_text(
        "from bake_compiler import External, Phase, Project\n\n"
        f'project = Project(name="m", registry="{registry}", repository="{root.name}-{{image}}", tag="v0",\n'
        '    platforms=("amd64", "arm64"), phases=(Phase(name="first"),), external=(\n'
        f'        External(name="box", image="{vendor}/{BUSYBOX}:stable"),\n'
        '        External(name="joined", images={\n'
        f'            "amd64": "{vendor}/{BUSYBOX}:stable", "arm64": "{registry}/{root.name}-box:stable"}}),\n'
        "    ))\n"
    )
    return Stack(root, registry, "stable")


def test_real_images_are_mirrored_joined_verified_and_not_sent_twice(mirror: Stack) -> None:
    box = mirror.bakec("mirror", "box", "--deep", "--json")
    joined = mirror.bakec("mirror", "joined", "--deep", "--json")
    again = mirror.bakec("mirror", "--json")

    assert (box.status, joined.status, again.status) == (0, 0, 0), box.err + joined.err + again.err
    assert set(box.outcomes.values()) == set(joined.outcomes.values()) == {"mirrored"}
    assert box.image("box")["bytes_sent"] > 0
    assert joined.image("joined")["blobs"]["mounted"] > 0, "the project's registry has these layers"
    assert set(again.outcomes.values()) == {"unchanged"}
    for name in ("box", "joined"):
        reference = f"{mirror.registry}/{mirror.root.name}-{name}:stable"
        assert mirror.bakec("verify", reference, "--platform", "amd64,arm64", "--deep").status == 0
