"""The build itself fails, or the engine under it: restarted, without one of its nodes, with a full disk."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sandbox.node import Node, node
from sandbox.state import State
from tests.fakes.nodes import builder
from tests.integration.faults.conftest import PLATFORMS, Faulted, every_cell

pytestmark = pytest.mark.docker

SOON = {"BAKEC_RETRY_PAUSE": "1"}
SLOW = "RUN sleep 5"
BREAKS_ON_ARM64 = 'RUN if [ "$(uname -m)" = aarch64 ]; then echo no such part; exit 3; fi'
RESTART_SECONDS = 2  # for an orderly end, in which dockerd would wait for builds that are under way
DISK = 100  # MB
BIG = f"RUN dd if=/dev/zero of=/big bs=1M count={DISK // 4}"
BALLAST = DISK * 3 // 4


def test_an_image_that_fails_on_one_platform_costs_only_those_that_need_it(project: Faulted) -> None:
    project.image("hub", base="busybox:stable")
    project.image("apart")
    project.image("fine", needs=["hub"])
    project.image("broken", BREAKS_ON_ARM64, needs=["hub"])
    project.image("above", needs=["broken"])

    ended = project.build("all")

    assert ended.status == 4
    assert ended.outcomes == {
        **every_cell("built", "hub", "fine", "apart"),
        ("broken", "linux/arm64"): "failed",
        ("broken", "linux/amd64"): "blocked",
        **every_cell("blocked", "above"),
    }
    assert ended.attempts == {"hub": 1, "fine": 1, "apart": 1, "broken": 1, "above": 0}
    (failure,) = ended.failures
    assert (failure["platform"], failure["transient"], failure["tail"]) == ("linux/arm64", False, ["no such part"])
    assert set(project.public_digests("hub", "fine", "apart").values()) == {None}


@pytest.fixture
def three(project: Faulted) -> Faulted:
    """A quick image, one that takes seconds, and one that needs it."""
    project.image("quick")
    project.image("slow", SLOW, base="busybox:stable")
    project.image("after", needs=["slow"])
    return project


THREE = ("quick", "slow", "after")


@pytest.mark.sandbox
def test_an_engine_that_is_restarted_in_the_middle(three: Faulted, sandbox: State) -> None:
    with node(sandbox, "restarted") as engine:
        running = three.begin_build("all", env={**engine.environment(), **SOON})
        running.until(SLOW)
        engine.end(RESTART_SECONDS)
        engine.start()

        ended = three.end(running)

    three.is_published(ended, *THREE)
    assert ended.attempts["slow"] > 1
    assert all(failure["transient"] for failure in ended.failures)


@dataclass(frozen=True)
class Pair:
    """A builder of two nodes: the second one's engine builds for arm64, and may be lost."""

    environment: dict[str, str]
    second: Node


@pytest.fixture
def pair(sandbox: State, tmp_path: Path) -> Iterator[Pair]:
    folder = tmp_path / "builder"
    folder.mkdir()
    with node(sandbox, "first") as one, node(sandbox, "second") as two:
        engines = dict(zip(PLATFORMS, (one.socket, two.socket), strict=True))
        with builder(engines, folder) as environment:
            yield Pair({**environment, **SOON}, two)


@pytest.mark.sandbox
def test_a_node_that_is_lost_and_comes_back_for_the_rest(three: Faulted, pair: Pair) -> None:
    running = three.begin_build("all", "--retries", "0", env=pair.environment)
    running.until('"pushed"')
    running.until(SLOW)
    pair.second.kill()

    ended = three.end(running)

    assert ended.status == 4, ended.told
    assert ended.outcomes == {
        **every_cell("built", "quick"),
        **every_cell("failed", "slow"),
        **every_cell("blocked", "after"),
    }
    (failure,) = ended.failures
    assert (failure["kind"], failure["transient"]) == ("build", True)
    assert set(three.public_digests(*THREE).values()) == {None}

    pair.second.start()
    resumed = three.resume(env=pair.environment)

    three.is_published(resumed, *THREE)
    assert resumed.attempts == {"quick": 0, "slow": 1, "after": 1}


@pytest.mark.sandbox
def test_a_full_disk_and_room_made_for_the_rest(project: Faulted, sandbox: State) -> None:
    project.image("first")  # two are behind it: it comes before big, behind which there is one
    project.image("second", needs=["first"])
    project.image("third", needs=["second"])
    project.image("big", BIG, base="busybox:stable", needs=[])
    project.image("above", needs=["big"])
    project.image("last")
    images = ("first", "second", "third", "big", "above", "last")
    with node(sandbox, "full", megabytes=DISK) as engine:
        ballast = engine.data / "ballast"
        ballast.write_bytes(bytes(BALLAST << 20))

        ended = project.build("all", "-j", "1", "--no-preflight", env={**engine.environment(), **SOON})

        assert ended.status == 4
        assert ended.outcomes.items() >= (every_cell("built", "first") | every_cell("blocked", "above")).items()
        assert {ended.outcomes["big", platform] for platform in PLATFORMS} <= {"failed", "blocked"}
        assert any("space" in failure["cause"] + " ".join(failure["tail"]) for failure in ended.failures)
        assert set(project.public_digests(*images).values()) == {None}

        ballast.unlink()
        resumed = project.resume("--no-preflight", env=engine.environment())

    project.is_published(resumed, *images)
    assert "first" in resumed.kept


def test_an_engine_that_says_nothing_and_a_registry_that_is_gone_are_told_at_once(
    project: Faulted, tmp_path: Path
) -> None:
    project.image("quick")
    assert project.bakec("compile").status == 0
    plugin = tmp_path / "config" / "cli-plugins" / "docker-buildx"
    plugin.parent.mkdir(parents=True)
    plugin.write_text("#!/bin/sh\nexec sleep 60\n")
    plugin.chmod(0o755)
    gone = replace(project, registry="127.0.0.1:1")

    ended = gone.bakec("build", "all", env={"DOCKER_CONFIG": str(plugin.parents[1])})

    assert ended.status == 7, ended.told
    told = ended.err.splitlines()
    assert [line.partition(":")[0] for line in told] == ["error", " hint"] * (len(told) // 2)
    for words in ("buildx: ", "does not end within", "registry 127.0.0.1:1: "):
        assert words in ended.err
