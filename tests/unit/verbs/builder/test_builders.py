"""bakec builder, whole: with the oldest and the newest buildx, and with a fake that knows of caches too."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings

from bake_compiler import Builder, Node
from bake_compiler.buildx.tools import Tools
from bake_compiler.errors import ModelError, PreflightError, UsageError
from bake_compiler.oci.platform import Platform
from bake_compiler.system import process
from bake_compiler.verbs.builder import Applied, BuilderStatus, bring_up, look_at, seen_document, take_down
from tests.fakes.buildx import Buildx
from tests.fakes.ping import pinged
from tests.fakes.reading import BUILDX
from tests.unit.builder.test_changes import builders

KUBECONFIG = """
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
contexts: [{name: c, context: {cluster: c, user: u, namespace: build}}]
current-context: c
users: [{name: u, user: {}}]
"""
HOST = Platform.parse("amd64")


@dataclass
class Rig:
    """A buildx with records of its own.

    Attributes:
        tools: that call it.
        engine: the socket of an engine that answers, and does nothing.
        told: what was told meanwhile.
    """

    tools: Tools
    engine: Path
    told: list[str] = field(default_factory=list)

    def up(self, builder: Builder, *, allow_loss: bool = False, bootstrap: bool = False) -> Applied:
        return asyncio.run(
            bring_up(self.tools, builder, tell=self.told.append, allow_loss=allow_loss, bootstrap=bootstrap)
        )

    def down(self, builder: Builder, *, with_cache: bool = False) -> Applied:
        return asyncio.run(take_down(self.tools, builder, tell=self.told.append, with_cache=with_cache))

    def look(self, builder: Builder | None) -> BuilderStatus:
        return asyncio.run(look_at(self.tools, builder, HOST))

    def builder(self, *mirrors: str) -> Builder:
        """One in a container of the engine."""
        return Builder(name="acme", nodes=(Node(endpoint=f"unix://{self.engine}"),), mirrors={"docker.io": mirrors})


@pytest.fixture
def fake(tmp_path: Path) -> Buildx:
    return Buildx(tmp_path / "buildx")


@pytest.fixture
def faked(fake: Buildx, tmp_path: Path) -> Rig:
    env = {"BUILDX_CONFIG": str(fake.store)}
    return Rig(Tools(fake, tmp_path, env, ("docker", "buildx")), tmp_path / "docker.sock")


@pytest.fixture(
    params=["fake", *(pytest.param(which, marks=pytest.mark.buildx) for which in BUILDX)],
)
def rig(request: pytest.FixtureRequest, faked: Rig, tmp_path: Path) -> Iterator[Rig]:
    if request.param == "fake":
        yield faked
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))  # a socket's path must be short
        engine = folder / "docker.sock"
        stack.enter_context(pinged(engine))
        env = process.scrubbed(os.environ) | {
            "BUILDX_CONFIG": str(folder / "buildx"),
            "DOCKER_CONFIG": str(folder / "docker"),
            "DOCKER_HOST": f"unix://{engine}",
        }
        yield Rig(Tools(process.run, tmp_path, env, (os.environ[BUILDX[request.param][1]],)), engine)


def test_a_builder_is_made_once_and_then_found_as_it_is(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("a certificate\n")
    builder = Builder(
        name="acme",
        nodes=(Node(endpoint=f"unix://{rig.engine}", platforms=("arm64", "amd64", "arm/v7")),),
        options={"network": "host", "env.NO_PROXY": 'a,"b" c'},
        flags=("--debug", "--allow-insecure-entitlement", "network.host"),
        mirrors={"docker.io": ("mirror.example", "mirror.example:5000/path")},
        certificates={"registry.example:5000": ("ca.pem",)},
        http=("plain.example",),
    )

    assert rig.up(builder).done
    assert rig.look(builder).matches
    assert not rig.up(builder).done

    (tmp_path / "ca.pem").write_text("another one\n")
    changed = [line for line in rig.look(builder).diff.splitlines()[2:] if not line.startswith(" ")]
    line = "  registry registry.example:5000 ca = "
    assert [each.partition("sha256:")[0] for each in changed] == [f"-{line}", f"+{line}"]
    assert rig.up(builder).done
    assert rig.look(builder).matches


def test_remote_nodes_come_move_and_go(rig: Rig) -> None:
    first = Node(endpoint="tcp://127.0.0.1:1", platforms=("amd64",), ca="ca.pem", cert="cert.pem", key="key.pem")
    second = Node(endpoint="tcp://127.0.0.1:2", platforms=("arm64",))
    one, two, moved, alone = (
        Builder(name="acme", driver="remote", nodes=nodes)
        for nodes in (
            (first,),
            (first, second),
            (first, Node(endpoint="tcp://127.0.0.1:3", platforms=("arm64", "riscv64"))),
            (Node(endpoint="tcp://127.0.0.1:3", name="acme1"),),
        )
    )

    for builder in (one, two, moved, two, one, moved, alone, one):
        assert rig.up(builder).done
        assert not rig.up(builder).done


def test_pods_are_made_once_and_told_their_platforms(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "kubeconfig").write_text(KUBECONFIG)
    rig = Rig(replace(rig.tools, env={**rig.tools.env, "KUBECONFIG": str(tmp_path / "kubeconfig")}), rig.engine)
    nodes = [
        Node(platforms=(name,), options={"nodeselector": f"kubernetes.io/arch={name},a=b"})
        for name in ("amd64", "arm64")
    ]
    pods = Builder(
        name="acme", driver="kubernetes", nodes=tuple(nodes), options={"replicas": "2"}, http=("registry.local",)
    )
    other = pods.model_copy(update={"nodes": (nodes[0], Node(platforms=("arm64", "arm/v7"), options=nodes[1].options))})

    for builder in (pods, other):
        assert rig.up(builder).done
        assert not rig.up(builder).done


def test_a_builder_that_was_removed_is_gone_and_removing_it_again_is_no_harm(rig: Rig) -> None:
    builder = Builder(name="acme", driver="remote", nodes=(Node(endpoint="tcp://127.0.0.1:1"),))
    rig.up(builder)

    assert rig.down(builder).done
    assert not rig.look(builder).exists
    assert not rig.down(builder).done


def test_a_changed_description_is_shown_before_it_is_applied(rig: Rig) -> None:
    rig.up(rig.builder("mirror.example"))
    rig.told.clear()

    rig.up(rig.builder("other.example"))

    diff, *commands = rig.told
    assert "\n-  registry docker.io mirrors = mirror.example\n+  registry docker.io mirrors = other.example" in diff
    assert [" rm --keep-state acme" in command for command in commands] == [True, False]


def test_a_change_keeps_the_cache_and_the_choice_of_docker_buildx_use(faked: Rig, fake: Buildx) -> None:
    faked.up(faked.builder("mirror.example"), bootstrap=True)
    fake.current = "acme"

    faked.up(faked.builder("other.example"), bootstrap=True)
    faked.down(faked.builder())

    assert fake.caches == {"acme0"}


def test_what_would_lose_a_cache_is_refused_and_says_which(faked: Rig, fake: Buildx) -> None:
    before = Builder(name="acme", nodes=(Node(endpoint="ssh://me@a"), Node(endpoint="ssh://me@b")))
    after = before.model_copy(update={"nodes": before.nodes[:1]})
    faked.up(before, bootstrap=True)

    with pytest.raises(PreflightError, match="node acme1") as caught:
        faked.up(after)
    assert "--allow-loss" in caught.value.hint
    assert faked.look(before).matches
    assert fake.running == {"acme0", "acme1"}

    faked.up(after, allow_loss=True)
    assert faked.look(after).matches


def test_a_cache_goes_when_that_is_asked_for(faked: Rig, fake: Buildx) -> None:
    faked.up(faked.builder(), bootstrap=True)

    faked.down(faked.builder(), with_cache=True)

    assert fake.caches == set()


def test_a_node_that_can_not_be_made_is_told_and_the_next_run_goes_on(faked: Rig, fake: Buildx) -> None:
    builder = Builder(name="acme", nodes=(Node(endpoint="ssh://me@a"), Node(endpoint="ssh://me@b")))
    fake.refuses = {"acme1"}
    with pytest.raises(PreflightError, match=r"^failed to initialize builder acme \(acme1\): connection refused$"):
        faked.up(builder)

    fake.refuses = set()
    done = faked.up(builder)

    assert [command.argv[2:6] for command in done.commands] == [("create", "--name", "acme", "--append")]
    assert faked.look(builder).matches


def test_a_node_that_can_not_be_removed_is_told(faked: Rig, fake: Buildx) -> None:
    faked.up(faked.builder(), bootstrap=True)
    fake.dead = {"acme0"}

    with pytest.raises(PreflightError, match=r'^failed to remove acme: no answer of "acme0"$'):
        faked.down(faked.builder())
    assert not faked.down(faked.builder()).done


def test_a_node_that_does_not_start_is_told(faked: Rig, fake: Buildx) -> None:
    fake.dead = {"acme0"}

    with pytest.raises(PreflightError, match="is made, and does not start: acme0: inactive"):
        faked.up(faked.builder(), bootstrap=True)


def test_why_a_remote_node_does_not_answer_is_told_and_a_wrong_certificate_is_not_waited_for(
    faked: Rig, fake: Buildx
) -> None:
    builder = Builder(name="acme", driver="remote", nodes=(Node(endpoint="tcp://127.0.0.1:1"),))
    fake.dead = {"acme0"}

    with pytest.raises(PreflightError, match=r"and does not start: connection refused$") as refused:
        faked.up(builder, bootstrap=True)
    assert ("endpoint can be reached" in refused.value.hint, fake.waited) == (True, 20)

    fake.because = "transport: tls: failed to verify certificate"
    with pytest.raises(PreflightError, match="and does not start: transport: tls: failed to verify") as untrusted:
        faked.up(builder, bootstrap=True)
    assert ("certificates are right" in untrusted.value.hint, fake.waited) == (True, 20)


def test_a_certificate_that_is_not_there_is_named(faked: Rig) -> None:
    with pytest.raises(ModelError, match=r"certificate absent\.pem: No such file"):
        faked.up(Builder(name="acme", certificates={"registry.example": ("absent.pem",)}))


def test_a_record_that_is_none_is_told(faked: Rig, fake: Buildx) -> None:
    (fake.store / "instances").mkdir(parents=True)
    for text in ("", "[]", "{}", '{"Name": "acme", "Driver": "remote", "Nodes": [{}]}'):
        (fake.store / "instances" / "acme").write_text(text)
        with pytest.raises(PreflightError, match="is not as buildx writes it"):
            faked.up(faked.builder())


def test_dockers_own_builder_is_neither_made_nor_removed(faked: Rig) -> None:
    own = Builder(name="default", driver="docker")

    assert not faked.up(own).done
    assert faked.look(own).matches
    with pytest.raises(UsageError):
        faked.down(own)
    with pytest.raises(PreflightError, match='no builder "elsewhere" found'):
        faked.up(Builder(name="elsewhere", driver="docker"))


def test_without_a_description_the_one_in_use_is_shown(faked: Rig) -> None:
    document = seen_document(faked.look(None))

    assert (document["name"], document["described"], document["matches"]) == ("default", False, None)


@given(before=builders(), after=builders())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_from_any_builder_to_any_other_and_no_cache_is_ever_removed(
    tmp_path_factory: pytest.TempPathFactory, before: Builder, after: Builder
) -> None:
    root = tmp_path_factory.mktemp("any")
    fake = Buildx(root / "buildx")
    rig = Rig(Tools(fake, root, {"BUILDX_CONFIG": str(fake.store)}, ("docker", "buildx")), root)

    rig.up(before, bootstrap=True)
    cached = set(fake.caches)
    rig.up(after, allow_loss=True, bootstrap=True)

    assert rig.look(after).matches
    assert not rig.up(after).done
    assert cached <= fake.caches
