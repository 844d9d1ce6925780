"""The real engine, a registry of the tests' own run by compose, and small projects that are really built."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from pytest_docker.plugin import Services

HUB = 'FROM busybox:stable\nRUN uname -m >/machine\nCMD ["cat", "/machine"]\n'
PAIR = "FROM hub AS first\nRUN cat /machine\nFROM busybox:stable AS last\nCOPY --from=hub /machine /machine\n"


@pytest.fixture(scope="session")
def docker_compose_file() -> str:
    return str(Path(__file__).parent / "compose.yml")


@pytest.fixture(scope="session")
def docker_compose_project_name() -> str:
    return f"bakec-tests-{os.getpid()}"


@pytest.fixture(scope="session")
def registry(docker_ip: str, docker_services: Services) -> str:
    """HOST:PORT of a real registry that nobody else uses."""
    address = f"{docker_ip}:{docker_services.port_for('registry', 5000)}"

    def answers() -> bool:
        try:
            return httpx.get(f"http://{address}/v2/").status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    docker_services.wait_until_responsive(timeout=30, pause=0.1, check=answers)
    return address


@dataclass(frozen=True)
class Ended:
    """How a run of bakec ended."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The JSON on stdout."""
        document: dict[str, Any] = json.loads(self.out)
        return document

    @property
    def outcomes(self) -> dict[tuple[str, str], str]:
        """(image, platform) → outcome, of every cell that the report accounts for."""
        cells = [*(cell for image in self.document["images"] for cell in image["cells"]), *self.document["excluded"]]
        return {(cell["image"], cell["platform"]): cell["outcome"] for cell in cells}

    def image(self, name: str) -> dict[str, Any]:
        """One image of the report."""
        found: dict[str, Any] = next(image for image in self.document["images"] if image["name"] == name)
        return found


@dataclass(frozen=True)
class Stack:
    """A project in a directory, and the registry that it is pushed to."""

    root: Path
    registry: str
    tag: str

    def component(self, name: str, dockerfile: str, images: str, **fields: str) -> None:
        """Write a component: its Dockerfile, its images as Python source, and further fields as Python source."""
        folder = self.root / "components" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "Dockerfile").write_text(dockerfile)
        rest = "".join(f"    {key}={value},\n" for key, value in {"phase": '"base"', **fields}.items())
        (folder / "component.py").write_text(
            f"from bake_compiler import Component, Image, Only\n\n"
            f"component = Component(\n    images=[{images}],\n{rest})\n"
        )

    def bakec(self, *words: str, env: Mapping[str, str] | None = None) -> Ended:
        """Run bakec to its end."""
        argv = [sys.executable, "-m", "bake_compiler", *words]
        environment = {**os.environ, "BAKEC_REGISTRY": self.registry, "BAKEC_TAG": self.tag, **(env or {})}
        done = subprocess.run(argv, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
        return Ended(done.returncode, done.stdout, done.stderr)

    def build(self, *words: str, env: Mapping[str, str] | None = None) -> Ended:
        """Compile, then build with the report as JSON."""
        compiled = self.bakec("compile")
        assert compiled.status == 0, compiled.err
        return self.bakec("build", *words, "--json", env=env)

    def manifest(self, image: str) -> httpx.Response:
        """The registry's answer to a GET of the image's public tag."""
        types = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json"
        url = f"http://{self.registry}/v2/{self.root.name}/{image}/manifests/{self.tag}"
        return httpx.get(url, headers={"Accept": types})

    def put_manifest(self, image: str, content: bytes, media_type: str) -> None:
        """Write the image's public tag, as somebody else might."""
        url = f"http://{self.registry}/v2/{self.root.name}/{image}/manifests/{self.tag}"
        httpx.put(url, content=content, headers={"Content-Type": media_type}).raise_for_status()


@pytest.fixture
def stack(tmp_path: Path, registry: str, request: pytest.FixtureRequest) -> Stack:
    """Two components, three images: hub, and pair's first and last, which are built from it."""
    root = tmp_path / f"t{abs(hash(request.node.name)) % 10**8}"
    (root / "components").mkdir(parents=True)
    (root / "components" / "project.py").write_text(
        "from bake_compiler import Phase, Project\n\n"
        f'project = Project(name="{root.name}", registry="127.0.0.1:1", repository="{root.name}/{{image}}", tag="v0",\n'
        '    platforms=("amd64", "arm64"), phases=(Phase(name="base"), Phase(name="top")))\n'
    )
    stack = Stack(root, registry, "v1")
    stack.component("hub", HUB, 'Image(name="hub", smoke=("cat", "/machine"))')
    stack.component(
        "pair",
        PAIR,
        'Image(name="first", stage="first", smoke=("uname", "-m")), '
        'Image(name="last", stage="last", smoke=("cat", "/machine"))',
        phase='"top"',
        needs='["hub"]',
    )
    return stack
