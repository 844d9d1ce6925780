"""bakec builder on real engines: BuildKit in containers, here and behind ssh, and one that runs already, over TLS.

There is no image of BuildKit here: that in `tests/integration/machines/buildkit` has the one inside of dockerd.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sandbox import kernel
from sandbox.node import Node
from sandbox.node import node as further_engine
from sandbox.state import State
from tests.fakes.certificates import make_authority, sign
from tests.fakes.leading import grpc_tls, leading
from tests.fakes.machines import far, image, run
from tests.fakes.nodes import bridge
from tests.integration.conftest import Stack
from tests.integration.faults.test_builder import describe

pytestmark = [pytest.mark.docker, pytest.mark.sandbox]

CONTAINER = "buildx_buildkit_boxed0"
VOLUME = f"{CONTAINER}_state"


@dataclass(frozen=True)
class Boxed:
    """A project whose builder is a container of an engine of its own; nothing but this machine's address is there.

    Attributes:
        stack: pushed to a registry whose certificate is by an authority of its own.
        engine: that the container is in.
        image: of the container.
        mirror: where it finds base images, without TLS.
        env: with which bakec has builders of its own, and trusts the registry.
    """

    stack: Stack
    engine: Node
    image: str
    mirror: str
    env: dict[str, str]

    def describe(self, more: str = "") -> None:
        """The builder, with its mirror and certificate."""
        options = {"image": self.image, "cgroup-parent": f"bakec-{self.engine.key}"}
        describe(
            self.stack,
            f'Builder(name="boxed", options={options}, mirrors={{"docker.io": ["{self.mirror}"]}}, '
            f'http=["{self.mirror}"], certificates={{"{self.stack.registry}": ["ca.pem"]}}, {more})',
        )

    @property
    def here(self) -> dict[str, str]:
        """The same environment, where that engine is this machine's."""
        return {**self.env, "DOCKER_HOST": f"unix://{self.engine.socket}"}

    def has(self, kind: str, name: str) -> bool:
        """Whether the engine has a container, or a volume."""
        words = ["docker", kind, "inspect", name]
        return not subprocess.run(words, env={**os.environ, **self.here}, capture_output=True, check=False).returncode


@pytest.fixture(scope="module")
def engine(sandbox: State) -> Iterator[Node]:
    """An engine whose containers are its builders."""
    with further_engine(sandbox, "boxes") as made:
        yield made


@pytest.fixture
def boxed(stack: Stack, sandbox: State, engine: Node, tmp_path: Path) -> Iterator[Boxed]:
    address = f"{kernel.subnet(engine)}.1"
    authority = make_authority(tmp_path)
    sign(authority, tmp_path, "server", address)
    shutil.copy(authority.certificate, stack.root / "ca.pem")
    env = {"BUILDX_CONFIG": str(tmp_path / "buildx"), "SSL_CERT_FILE": str(authority.certificate)}
    own = image(sandbox, "buildkit", f"{stack.registry}/bakec-tests/buildkit", push=True)
    with ExitStack() as opened:
        registry = opened.enter_context(leading(opened.enter_context(registry_with_tls(tmp_path)), address))
        mirror = opened.enter_context(leading(sandbox.registry, address))
        yield Boxed(replace(stack, registry=registry), engine, own, mirror, env)


@contextmanager
def registry_with_tls(folder: Path) -> Iterator[str]:
    tls = ("REGISTRY_HTTP_TLS_CERTIFICATE=/tls/server.cert", "REGISTRY_HTTP_TLS_KEY=/tls/server.key")
    words = [word for each in tls for word in ("--env", each)]
    mounted = ("--publish", "127.0.0.1::5000", "--volume", f"{folder}:/tls:ro")
    container = run("docker", "run", "--detach", *mounted, *words, "registry:2")
    try:
        yield run("docker", "port", container, "5000/tcp")
    finally:
        run("docker", "rm", "--force", "--volumes", container)


def test_buildkit_in_a_container_is_made_and_configured_changed_with_its_cache_kept_and_removed(boxed: Boxed) -> None:
    stack, env = boxed.stack, boxed.here
    boxed.describe()

    made = stack.bakec("builder", "up", "--json", env=env)
    assert made.status == 0, made.err
    assert (made.document["applied"], made.document["started"]) == (True, True)
    config = run("docker", "exec", CONTAINER, "cat", "/etc/buildkit/buildkitd.toml", env=env)
    assert f'mirrors = ["{boxed.mirror}"]' in config

    # docker.io is out of reach, and nobody else knows the registry's authority
    built = stack.build("hub", env=env)
    assert built.status == 0, built.err
    assert set(built.outcomes.values()) == {"built"}

    again = stack.bakec("builder", "up", "--json", env=env)
    assert (again.status, again.document["diff"], again.document["commands"]) == (0, "", [])

    boxed.describe('flags=["--debug"]')
    changed = stack.bakec("builder", "up", env=env)
    assert changed.status == 0, changed.err
    assert changed.err.index('\n+  flags ["--debug"]\n') < changed.err.index(" rm --keep-state ")
    rebuilt = stack.bakec("build", "hub", "--rebuild", "--json", env=env)
    assert rebuilt.status == 0, rebuilt.err
    assert rebuilt.document["cache_share"] == 1

    assert stack.bakec("builder", "rm", "--with-cache", env=env).status == 0
    assert (boxed.has("container", CONTAINER), boxed.has("volume", VOLUME)) == (False, False)


@pytest.mark.skipif(not shutil.which("ssh"), reason="this machine has no ssh")
def test_buildkit_on_a_machine_behind_ssh_is_made_used_and_removed(
    boxed: Boxed, sandbox: State, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    with far(sandbox, boxed.engine.socket, keys) as machine:
        stack, env = boxed.stack, {**boxed.env, **machine.env}
        boxed.describe(f'nodes=[Node(endpoint="{machine.endpoint}", platforms=["amd64"])]')

        made = stack.bakec("builder", "up", env=env)
        assert made.status == 0, made.err
        (there,) = stack.bakec("builder", "ls", "--json", env=env).document["nodes"]
        assert (there["endpoint"], there["state"]) == (machine.endpoint, "running")

        built = stack.build("hub", "--platform", "amd64", env=env)
        assert built.outcomes == {("hub", "linux/amd64"): "built"}, built.err

        assert stack.bakec("builder", "rm", env=env).status == 0
        assert (boxed.has("container", CONTAINER), boxed.has("volume", VOLUME)) == (False, True)


def test_buildkit_that_runs_already_is_reached_over_tls_and_what_is_wrong_is_told_and_mended(
    stack: Stack, tmp_path: Path
) -> None:
    authority, other = make_authority(tmp_path), make_authority(tmp_path, "other")
    server = sign(authority, tmp_path, "server", "127.0.0.1")
    client = sign(authority, tmp_path, "client")
    for name, path in (("ca.pem", authority.certificate), ("cert.pem", client.certificate), ("key.pem", client.key)):
        shutil.copy(path, stack.root / name)
    env = {"BUILDX_CONFIG": str(tmp_path / "buildx")}

    def checks() -> dict[str, dict[str, str]]:
        document = stack.bakec("doctor", "hub", "--json", env=env).document
        return {check["subject"]: check for check in document["checks"]}

    with (
        bridge(tmp_path / "buildkit", Path(os.environ["DOCKER_HOST"].removeprefix("unix://"))),
        leading(tmp_path / "buildkit", tls=grpc_tls(server, authority.certificate)) as place,
    ):
        node = f'Node(endpoint="tcp://{place}", ca="ca.pem", cert="cert.pem", key="key.pem", platforms={{platforms}})'
        remote = f'Builder(name="far", driver="remote", nodes=[{node}])'
        describe(stack, remote.format(platforms=["amd64", "arm64"]))

        made = stack.bakec("builder", "up", env=env)
        assert made.status == 0, made.err
        built = stack.build("hub", env=env)
        assert set(built.outcomes.values()) == {"built"}, built.err

        shutil.copy(other.certificate, stack.root / "ca.pem")
        refused = stack.bakec("builder", "up", env=env)
        assert refused.status == 7
        assert (
            "x509: certificate signed by unknown authority\n hint: see that its certificates are right" in refused.err
        )

        describe(stack, remote.format(platforms=["amd64", "arm64", "riscv64"]))
        wrong = checks()
        assert wrong["builder"]["state"] == "bad"
        assert wrong["builder"]["found"].endswith("x509: certificate signed by unknown authority")
        assert "fix its endpoint or certificates" in wrong["builder"]["mend"]
        assert wrong["described builder"]["state"] == "note"
        assert "; + platforms linux/amd64, linux/arm64, linux/riscv64" in wrong["described builder"]["found"]

        shutil.copy(authority.certificate, stack.root / "ca.pem")
        mended = stack.bakec(*wrong["described builder"]["mend"].split()[1:], env=env)
        assert mended.status == 0, mended.err
        right = checks()
        assert (right["builder"]["state"], right["described builder"]["state"]) == ("ok", "ok")
