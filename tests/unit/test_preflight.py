"""What is wrong with a machine is said before anything is built, and what there is to build with is known."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from bake_compiler.errors import PreflightError
from bake_compiler.oci.platform import Platform
from bake_compiler.preflight import Machine, Tools, check_machine, find_buildx, read_builder, source_variables
from bake_compiler.process import Command
from tests.fakes.project import write

ARM64 = Platform.parse("arm64")
BUILDX = ("docker", "buildx")
ELSEWHERE = {"DOCKER_HOST": "tcp://10.0.0.1:2375"}
TWO_NODES = """\
Name:          remote
Driver:        docker-container

Nodes:
Name:      remote0
Status:    running
Platforms: linux/amd64*, linux/386

Name:      remote1
Status:    running
Platforms: linux/arm64, unheard/of

Name:      remote2
Status:    stopped
"""
GIT = {
    "rev-parse": (0, "0123abcd"),
    "status": (0, ""),
    "log": (0, "1700000000"),
}


@dataclass(frozen=True)
class Engine:
    """A machine whose docker and git say these things."""

    version: str = "github.com/docker/buildx v0.29.1 abc"
    inspection: str = "Name: default\nDriver: docker\nStatus: running\nPlatforms: linux/amd64*, linux/arm64, unheard/of"
    status: int = 0
    woken: tuple[int, str] = (0, "")
    info: tuple[int, str] = (0, "6 8589934592")
    git: Mapping[str, tuple[int, str]] | None = None

    async def __call__(self, command: Command, on_line: Callable[[str], None]) -> int:
        match command.argv:
            case ("docker", "info", *_):
                status, text = self.info
            case ("git", word, *_):
                if self.git is None:
                    raise PreflightError("'git' is not on PATH")
                status, text = self.git[word]
            case (*_, "version"):
                status, text = 0, self.version
            case (*_, "--bootstrap"):
                status, text = self.woken
            case _:
                status, text = self.status, self.inspection
        for line in text.splitlines():
            on_line(line)
        return status


def checked(engine: Engine, env: Mapping[str, str] | None = None, buildx: tuple[str, ...] = BUILDX) -> Machine:
    return asyncio.run(check_machine(Tools(engine, Path(), env or {}, buildx), [ARM64]))


def complaint(engine: Engine) -> str:
    with pytest.raises(PreflightError) as caught:
        checked(engine)
    assert caught.value.exit_code == 7
    assert caught.value.hint
    return caught.value.message


def test_no_buildx_an_old_one_and_a_dead_engine_are_told_apart() -> None:
    assert "no buildx" in complaint(Engine(version="docker: 'buildx' is not a docker command"))
    assert "too old" in complaint(Engine(version="github.com/docker/buildx v0.12.1 abc"))
    dead = complaint(Engine(status=1, inspection="some words\nCannot connect to the engine\n"))
    assert dead == "the builder does not answer: Cannot connect to the engine"
    assert complaint(Engine(status=41, inspection="")) == "the builder does not answer: exit status 41"


def test_a_platform_that_the_builder_lacks_is_named() -> None:
    said = complaint(Engine(inspection="Platforms: linux/amd64, linux/386"))

    assert said == "the builder can't build for linux/arm64; it can for linux/386, linux/amd64"


def test_platforms_of_all_nodes_count() -> None:
    assert read_builder(TWO_NODES).platforms == {Platform.parse("amd64"), Platform.parse("386"), ARM64}


ASLEEP = "Name: remote\nDriver: docker-container\nName: remote0\nStatus: inactive"


def test_a_builder_that_was_never_started_is() -> None:
    woken = ASLEEP.replace("inactive", "running\nPlatforms: linux/amd64, linux/arm64")

    assert checked(Engine(inspection=ASLEEP, woken=(0, woken))).driver == "docker-container"


def test_a_builder_that_can_not_be_started_says_why() -> None:
    said = complaint(Engine(inspection=ASLEEP, woken=(1, "ERROR: failed to pull moby/buildkit: no such host")))

    assert "failed to pull moby/buildkit: no such host" in said


def test_a_builder_that_runs_is_not_started() -> None:
    said = complaint(Engine(inspection="Status: running\nPlatforms: linux/386", woken=(0, "Platforms: linux/arm64")))

    assert said == "the builder can't build for linux/arm64; it can for linux/386"


# What there is to build with.


def test_nodes_that_run_are_counted_and_the_driver_is_known() -> None:
    machine = checked(Engine(inspection=TWO_NODES))

    assert (machine.driver, machine.nodes) == ("docker-container", 2)


def test_a_builder_that_says_nothing_of_its_nodes_has_one() -> None:
    assert checked(Engine(inspection="Platforms: linux/arm64")).nodes == 1


def test_buildx_is_started_as_it_was_found() -> None:
    assert checked(Engine(), buildx=("/opt/docker-buildx",)).buildx == ("/opt/docker-buildx",)


def test_the_size_of_an_engine_here_is_this_machine_s() -> None:
    here = checked(Engine(info=(1, "not asked")))

    assert here.cores >= 1
    assert here.memory > 1 << 26


@pytest.mark.parametrize("env", [ELSEWHERE, {"DOCKER_HOST": "ssh://me@there"}, {"DOCKER_CONTEXT": "there"}])
def test_the_size_of_an_engine_elsewhere_is_what_it_says(env: Mapping[str, str]) -> None:
    machine = checked(Engine(), env)

    assert (machine.cores, machine.memory) == (6, 8 << 30)


@pytest.mark.parametrize("info", [(1, "6 8589934592"), (0, "Cannot connect"), (0, "0 0")])
def test_an_engine_that_does_not_say_its_size_can_be_built_with(info: tuple[int, str]) -> None:
    machine = checked(Engine(info=info), ELSEWHERE)

    assert machine.cores >= 1
    assert machine.memory == 0


# Where buildx is.


def plugin(folder: Path, mode: int = 0o755) -> str:
    path = write(folder / "cli-plugins" / "docker-buildx", "#!/bin/sh\n")
    path.chmod(mode)
    return str(path)


def test_the_plugin_is_found_where_docker_keeps_it(tmp_path: Path) -> None:
    configured, home = plugin(tmp_path / "config"), plugin(tmp_path / "home" / ".docker")
    env = {"HOME": str(tmp_path / "home")}

    assert find_buildx(env) == (home,)
    assert find_buildx({**env, "DOCKER_CONFIG": str(tmp_path / "config")}) == (configured,)


def test_where_docker_was_told_to_look_elsewhere_docker_finds_it(tmp_path: Path) -> None:
    plugin(tmp_path)
    write(tmp_path / "config.json", '{"cliPluginsExtraDirs": ["/opt/plugins"]}')

    assert find_buildx({"DOCKER_CONFIG": str(tmp_path)}) == BUILDX


def test_a_plugin_that_is_no_program_is_passed_by(tmp_path: Path) -> None:
    assert find_buildx({"DOCKER_CONFIG": str(tmp_path)}) != (plugin(tmp_path, 0o644),)


# Where the source is from.


def variables(git: Mapping[str, tuple[int, str]] | None) -> dict[str, str]:
    return asyncio.run(source_variables(Engine(git=git), Path(), {}))


def test_a_clean_checkout_has_a_revision_and_its_time() -> None:
    assert variables(GIT) == {"REVISION": "0123abcd", "SOURCE_DATE_EPOCH": "1700000000"}


def test_a_changed_checkout_says_so_and_has_no_time() -> None:
    assert variables({**GIT, "status": (0, " M file")}) == {"REVISION": "0123abcd-dirty"}


def test_without_git_or_a_checkout_nothing_is_said() -> None:
    assert variables(None) == {}
    assert variables({**GIT, "rev-parse": (128, "fatal: not a git repository")}) == {}
