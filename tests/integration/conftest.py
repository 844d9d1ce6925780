"""The real engine, registries of the tests' own run by compose, and small projects that are really built."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import httpx
import pytest
from pytest_docker.plugin import Services, get_docker_services, get_setup_command

from sandbox.state import State
from tests.fakes import whole
from tests.fakes.certificates import Pair, make_authority, sign
from tests.fakes.issuer import Issuer
from tests.fakes.wire import serve

CHECKOUT = Path(__file__).parents[2]
HUB = 'FROM busybox:stable\nRUN uname -m >/machine\nCMD ["cat", "/machine"]\n'
PAIR = "FROM hub AS first\nRUN cat /machine\nFROM busybox:stable AS last\nCOPY --from=hub /machine /machine\n"
USERS = {"me": "secret", "reader": "secret"}
HTPASSWD = "me:$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n"  # bcrypt of `secret`
READY_SECONDS = 30
DOWN = "down --volumes --timeout 0"  # a registry keeps nothing that a test needs: it is not asked to end in order


@pytest.fixture(scope="session")
def docker_compose_file() -> str:
    return str(Path(__file__).parent / "compose.yml")


@pytest.fixture(scope="session")
def docker_compose_project_name() -> str:
    return f"bakec-tests-{os.getpid()}"


@pytest.fixture(scope="session")
def docker_cleanup() -> list[str]:
    return [DOWN]


@pytest.fixture(scope="session")
def registry(docker_ip: str, docker_services: Services) -> str:
    """HOST:PORT of a real registry that nobody else uses."""
    address = f"{docker_ip}:{docker_services.port_for('registry', 5000)}"

    def answers() -> bool:
        try:
            return httpx.get(f"http://{address}/v2/").status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    docker_services.wait_until_responsive(timeout=READY_SECONDS, pause=0.1, check=answers)
    return address


@pytest.fixture(scope="session")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All files that the registries and their clients need."""
    if not shutil.which("openssl"):
        pytest.skip("openssl makes the certificates")
    directory = tmp_path_factory.mktemp("secrets")
    authority = make_authority(directory)
    sign(authority, directory, "server", "127.0.0.1")
    sign(authority, directory, "client")
    make_authority(directory, "issuer", rsa=True)
    (directory / "htpasswd").write_text(HTPASSWD)
    return directory


@pytest.fixture(scope="session")
def issuer(secrets: Path) -> Issuer:
    return Issuer(Pair(secrets / "issuer.crt", secrets / "issuer.key"), USERS, readers=frozenset({"reader"}))


@pytest.fixture(scope="session")
def registries(secrets: Path, issuer: Issuer, docker_compose_command: str) -> Iterator[Services]:
    """Those that let in only who shows something."""
    with ExitStack() as stack:
        environment = stack.enter_context(pytest.MonkeyPatch.context())
        environment.setenv("BAKEC_TESTS_SECRETS", str(secrets))
        environment.setenv("BAKEC_TESTS_REALM", f"http://{stack.enter_context(serve(issuer.respond))}/token")
        compose = str(Path(__file__).parent / "registries.yml")
        project = f"bakec-registries-{os.getpid()}"
        yield stack.enter_context(
            get_docker_services(docker_compose_command, compose, project, get_setup_command(), DOWN)
        )


def host_of(registries: Services, docker_ip: str, service: str) -> str:
    """HOST:PORT of a registry that listens."""
    port = registries.port_for(service, 5000)

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((docker_ip, port)) == 0

    registries.wait_until_responsive(timeout=READY_SECONDS, pause=0.1, check=listens)
    return f"{docker_ip}:{port}"


@pytest.fixture(scope="session")
def sandbox() -> State:
    """The checkout's own sandbox, beside whose engine a test may start further ones."""
    state = State.of(CHECKOUT)
    if os.geteuid() != 0:
        pytest.skip("an engine that is broken on purpose needs root: `sudo ./dev test tests/integration`")
    if not (state.home / "fetched").is_file():
        pytest.skip(
            "this machine's own Docker is not ours to break, and no sandbox has fetched one: `./dev sandbox up`"
        )
    return state


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

    def steps(self, name: str) -> list[dict[str, Any]]:
        """The steps of an image's last attempt."""
        found: list[dict[str, Any]] = self.image(name)["attempts"][-1]["steps"]
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
        environment = {**os.environ, "BAKEC_REGISTRY": self.registry, "BAKEC_TAG": self.tag, **(env or {})}
        with TemporaryFile() as out, TemporaryFile() as err:
            status = whole.start(words, self.root, environment, out, err).wait()
            for stream in (out, err):
                stream.seek(0)
            return Ended(status, out.read().decode(), err.read().decode())

    def build(self, *words: str, env: Mapping[str, str] | None = None) -> Ended:
        """Compile, then build with the report as JSON."""
        compiled = self.bakec("compile")
        assert compiled.status == 0, compiled.err
        return self.bakec("build", *words, "--json", env=env)

    def manifest(self, image: str) -> httpx.Response:
        """The registry's answer to a GET of the image's public tag."""
        return self._get_manifest(image, self.tag)

    def config(self, image: str) -> dict[str, Any]:
        """The config of the first platform of the image's public tag."""
        manifest = self._get_manifest(image, self.manifest(image).json()["manifests"][0]["digest"]).json()
        url = f"http://{self.registry}/v2/{self.root.name}/{image}/blobs/{manifest['config']['digest']}"
        config: dict[str, Any] = httpx.get(url).json()
        return config

    def _get_manifest(self, image: str, name: str) -> httpx.Response:
        types = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json"
        url = f"http://{self.registry}/v2/{self.root.name}/{image}/manifests/{name}"
        return httpx.get(url, headers={"Accept": types})

    def commit(self, date: str) -> None:
        """All that is there, as somebody did at that time."""
        environment = {**os.environ, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        (self.root / ".gitignore").write_text(".bakec/\n__pycache__/\n")
        who = ("-c", "user.name=bakec", "-c", "user.email=bakec@test.invalid")
        for words in (("init", "--quiet"), ("add", "--all"), (*who, "commit", "--quiet", "--message", date)):
            subprocess.run(["git", *words], cwd=self.root, env=environment, check=True)

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
