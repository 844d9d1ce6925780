"""What makes faults happen does so, and nothing else: without it, the other tests of this folder would show little."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from sandbox import engine
from sandbox.node import Node, node, nodes
from sandbox.state import State, own_processes
from tests.fakes.faulty import Cut, Faulty, Outage, Reset, Status, at, each, faulty, push_at_random
from tests.fakes.images import index_of
from tests.fakes.nodes import builder
from tests.fakes.registry import FakeRegistry
from tests.fakes.upload import upload
from tests.integration.conftest import CHECKOUT
from tests.integration.faults.conftest import PLATFORMS, wait_for

NAME = "acme/web"
Bake = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def fake() -> FakeRegistry:
    return FakeRegistry()


@pytest.fixture
def proxy(fake: FakeRegistry) -> Iterator[Faulty]:
    with fake.serve() as address, faulty(address) as proxy:
        yield proxy


@pytest.fixture
def get(proxy: Faulty) -> Callable[[str], httpx.Response]:
    return lambda path: httpx.get(f"http://{proxy.address}/v2/{path}", timeout=10)


@pytest.mark.anyio
async def test_a_push_through_the_proxy_arrives_as_it_is(fake: FakeRegistry, proxy: Faulty) -> None:
    made = index_of(*PLATFORMS)

    async with httpx.AsyncClient() as http:
        await upload(http, f"http://{proxy.address}", NAME, "1.0", made)

    assert fake.tag(NAME, "1.0") == str(made.digest)
    assert not proxy.faults
    uploads = proxy.count(lambda asked: asked.uploads)
    assert uploads == sum(len(each.blobs) for each in (made, *made.children, *made.beside))
    assert proxy.asked[-1].publishes
    assert proxy.asked[-1].repository == NAME


@pytest.mark.parametrize("page", [False, True])
def test_a_status_comes_in_place_of_the_registrys(
    fake: FakeRegistry, proxy: Faulty, get: Callable[[str], httpx.Response], *, page: bool
) -> None:
    proxy.rule = at(2, lambda _: True, Status(429, retry_after="7", page=page))

    statuses = [get("").status_code, (refused := get("")).status_code, get("").status_code]

    assert statuses == [200, 429, 200]
    assert refused.headers["Retry-After"] == "7"
    assert refused.headers["Content-Type"].startswith("text/plain" if page else "application/json")
    assert len(fake.requests) == 2


@pytest.mark.parametrize("fault", [Reset(), Cut(1)])
def test_each_third_is_reset(proxy: Faulty, get: Callable[[str], httpx.Response], fault: Reset | Cut) -> None:
    proxy.rule = each(3, lambda _: True, fault)

    for number in range(1, 7):
        if number % 3:
            assert get("").status_code == 200
        else:
            with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
                get("")

    assert proxy.did == {str(fault): 2}


def test_an_outage_is_refused_connections_and_then_none(proxy: Faulty, get: Callable[[str], httpx.Response]) -> None:
    proxy.rule = at(1, lambda _: True, Outage(0.5))
    host, _, port = proxy.address.partition(":")

    with socket.create_connection((host, int(port))) as idle:
        with pytest.raises(httpx.ReadError):
            get("")
        with pytest.raises(ConnectionError):
            idle.recv(1)
        with pytest.raises(httpx.ConnectError):
            get("")

    def answers() -> bool:
        try:
            return get("").status_code == 200
        except httpx.HTTPError:
            return False

    wait_for("answer after the outage", answers, 10)


def test_chance_is_the_same_in_whatever_order(proxy: Faulty) -> None:
    def pushes(order: list[str]) -> dict[str, list[int]]:
        proxy.rule = push_at_random(0.5, 1, Status(503))
        outcomes: dict[str, list[int]] = {}
        with httpx.Client(base_url=f"http://{proxy.address}/v2") as http:
            for image in order:
                http.head(f"/any/{image}/manifests/staged-1")
                again = [http.put(f"/any/{image}/manifests/staged-1").status_code for _ in range(2)]
                assert len(set(again)) == 1
                outcomes.setdefault(image, []).append(again[0])
        return outcomes

    assert pushes(["a", "b"] * 8) == pushes(["a"] * 8 + ["b"] * 8)


@pytest.fixture
def bake(tmp_path: Path, registry: str) -> Bake:
    """Bakes one image for two platforms, with a command of its own."""
    (tmp_path / "Dockerfile").write_text('FROM busybox:stable\nARG COMMAND\nRUN sh -c "$COMMAND"\n')
    (tmp_path / "docker-bake.hcl").write_text(
        'target "default" {\n  platforms = ["linux/amd64", "linux/arm64"]\n  args = { COMMAND = "true" }\n}\n'
    )

    def run(command: str, to: str = registry, **env: str) -> subprocess.CompletedProcess[str]:
        words = (f"default.args.COMMAND={command}", f"default.tags={to}/rigs/{tmp_path.name}:staged-1")
        argv = ["docker", "buildx", "bake", "--push", *(part for word in words for part in ("--set", word))]
        environment = {**os.environ, **env}
        return subprocess.run(
            argv, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=100
        )

    return run


@pytest.mark.docker
@pytest.mark.sandbox
def test_a_node_builds_and_is_gone_afterwards(bake: Bake, sandbox: State) -> None:
    with node(sandbox, "rig", megabytes=60) as one:
        assert bake("true", **_only_engine(one)).returncode == 0
        one.end(2)
        assert not engine.engine_answers(one)
        one.start()
        assert bake("true", **_only_engine(one)).returncode == 0

    is_gone(one)


def is_gone(one: Node) -> None:
    assert not own_processes(one)
    assert not one.home.exists()
    assert str(one.home) not in Path("/proc/self/mountinfo").read_text()
    loops = (path.read_text() for path in Path("/sys/block").glob("loop*/loop/backing_file"))
    assert not any(str(one.home) in loop for loop in loops)
    assert not Path("/sys/class/net", one.bridge).exists()


@pytest.mark.docker
@pytest.mark.sandbox
def test_a_node_that_a_crashed_test_left_can_be_found_and_removed(sandbox: State) -> None:
    crash = (
        "import os, pathlib, sys; from sandbox import node, state\n"
        "with node.node(state.State(pathlib.Path(sys.argv[1])), 'crashed', megabytes=60): os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", crash, sandbox.home], cwd=CHECKOUT, check=False)
    (left,) = (one for one in nodes(sandbox) if one.home.name == "crashed")
    assert engine.engine_answers(left)

    left.remove()

    is_gone(left)


@pytest.mark.docker
@pytest.mark.sandbox
def test_each_of_two_nodes_builds_its_own_platform(bake: Bake, sandbox: State, tmp_path: Path) -> None:
    folder = tmp_path / "builder"
    folder.mkdir()
    with node(sandbox, "one") as one, node(sandbox, "two") as two:
        engines = dict(zip(PLATFORMS, (one.socket, two.socket), strict=True))
        with builder(engines, folder) as environment:
            assert bake("true", **environment).returncode == 0


def _only_engine(one: Node) -> dict[str, str]:
    return {name: value for name, value in one.environment().items() if name != "BAKEC_REGISTRY"}
