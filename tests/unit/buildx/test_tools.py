"""What docker, buildx, the builder and git say of themselves, and what there is to build with."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from bake_compiler.buildx.inspection import read_inspection
from bake_compiler.buildx.said import Machine, Said, ask_all, machine_of
from bake_compiler.buildx.tools import Tools, find_buildx
from bake_compiler.errors import PreflightError
from bake_compiler.oci.platform import Platform
from bake_compiler.project.git import source_variables
from bake_compiler.system.process import Command, Runner
from tests.fakes import virtual_time
from tests.fakes.inspected import inspected
from tests.fakes.project import write

AMD64, ARM64 = Platform.parse("amd64"), Platform.parse("arm64")
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

    inspection: str = inspected(platforms="linux/amd64*, linux/arm64, unheard/of")
    woken: tuple[int, str] = (0, "")
    used: tuple[int, str] = (0, "")
    info: tuple[int, str] = (0, '{"ServerVersion": "28", "NCPU": 6, "MemTotal": 8589934592}')
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
                status, text = 0, "github.com/docker/buildx v0.29.1 abc"
            case (*_, "--bootstrap"):
                status, text = self.woken
            case (*_, "du"):
                status, text = self.used
            case _:
                status, text = 0, self.inspection
        for line in text.splitlines():
            on_line(line)
        return status


def asked(engine: Runner, env: Mapping[str, str] | None = None) -> tuple[Tools, Said]:
    tools = Tools(engine, Path(), env or {}, BUILDX)
    return tools, virtual_time.run(ask_all(tools, [ARM64]))


def machine(engine: Engine, env: Mapping[str, str] | None = None) -> Machine:
    return machine_of(*asked(engine, env))


def test_platforms_of_all_nodes_count_and_the_first_of_each_is_its_own() -> None:
    builder = read_inspection(TWO_NODES)

    assert builder.platforms == {AMD64, Platform.parse("386"), ARM64}
    assert builder.native(None) == {AMD64, ARM64}


TOLD = """\
Name:   acme
Driver: docker-container
Error:  not a node's

Nodes:
Name:      acme0
Endpoint:  ENDPOINT
Status:    running
Platforms: linux/arm64*, linux/amd64, linux/386

Name:      acme1
Endpoint:  ssh://far.test
Error:     connection refused
"""


@pytest.mark.parametrize(
    ("endpoint", "engine", "native"),
    [
        ("unix:///var/run/docker.sock", AMD64, AMD64),
        ("default", AMD64, AMD64),
        ("default", None, ARM64),
        ("ssh://a.test", AMD64, ARM64),
    ],
)
def test_what_a_node_was_told_to_build_comes_before_its_own_platform_which_the_engine_tells(
    endpoint: str, engine: Platform | None, native: Platform
) -> None:
    assert read_inspection(TOLD.replace("ENDPOINT", endpoint)).native(engine) == {native}


def test_a_node_that_buildx_can_not_reach_is_one_that_does_not_run() -> None:
    builder = read_inspection(TOLD)

    assert (builder.running, len(builder.nodes)) == (1, 2)


def test_an_engine_says_what_machine_it_is_on() -> None:
    info = '{"ServerVersion": "28", "OSType": "linux", "Architecture": "aarch64"}'
    _, said = asked(Engine(info=(0, info)))
    _, silent = asked(Engine())

    assert (said.engine.platform, silent.engine.platform) == (ARM64, None)


ASLEEP = inspected("docker-container", platforms="", state="inactive")


def test_a_builder_that_was_never_started_is() -> None:
    woken = inspected("docker-container")

    _, said = asked(Engine(inspection=ASLEEP, woken=(0, woken)))

    assert (said.builder.driver, said.builder.running) == ("docker-container", 1)


def test_a_builder_of_which_no_node_runs_is_started_though_it_is_told_its_platforms() -> None:
    asleep = inspected("docker-container", platforms="linux/arm64*", state="inactive")

    _, said = asked(Engine(inspection=asleep, woken=(0, asleep.replace("inactive", "running"))))

    assert said.builder.running == 1


@pytest.mark.parametrize(
    ("why", "woken"),
    [
        ("transport: tls: failed to verify certificate", (0, "is not asked")),
        ("dial tcp 127.0.0.1:1: connect: connection refused", (1, "ERROR: context deadline exceeded")),
    ],
)
def test_why_a_remote_node_does_not_answer_is_asked_elsewhere(why: str, woken: tuple[int, str]) -> None:
    silent = ASLEEP.replace("docker-container", "remote")
    used = (1, f'ERROR: failed to call diskusage: Unavailable: connection error: desc = "{why}"\n')

    _, said = asked(Engine(inspection=silent, woken=woken, used=used))

    assert (said.inspection.refusal, said.builder.driver) == (f"ERROR: {why}", "remote")


def test_a_builder_that_can_not_be_started_says_why() -> None:
    _, said = asked(Engine(inspection=ASLEEP, woken=(1, "first\nERROR: failed to pull moby/buildkit: no such host\n")))

    assert said.inspection.refusal == "ERROR: failed to pull moby/buildkit: no such host"


def test_a_builder_that_runs_is_not_started() -> None:
    _, said = asked(Engine(inspection=inspected(platforms="linux/386"), woken=(0, inspected(platforms="linux/arm64"))))

    assert said.builder.platforms == {Platform.parse("386")}


def test_a_program_that_says_nothing_is_not_waited_for() -> None:
    async def silent(command: Command, on_line: Callable[[str], None]) -> int:
        del on_line
        await asyncio.sleep(0 if command.argv[0] == "git" else 3600)
        return 0

    _, said = asked(silent)

    assert said.inspection.refusal == "`docker buildx inspect` does not end within 10 s"
    assert said.buildx is None


# What there is to build with.


def test_nodes_that_run_are_counted_and_the_driver_is_known() -> None:
    found = machine(Engine(inspection=TWO_NODES))

    assert (found.driver, found.nodes, found.buildx) == ("docker-container", 2, BUILDX)


def test_a_builder_that_says_nothing_of_its_nodes_has_one() -> None:
    assert machine(Engine(inspection=inspected(platforms="linux/arm64").replace("Status", "Said"))).nodes == 1


def test_the_size_of_an_engine_here_is_this_machine_s() -> None:
    here = machine(Engine(info=(1, "not asked")))

    assert here.cores >= 1
    assert here.memory > 1 << 26


@pytest.mark.parametrize("env", [ELSEWHERE, {"DOCKER_HOST": "ssh://me@there"}, {"DOCKER_CONTEXT": "there"}])
def test_the_size_of_an_engine_elsewhere_is_what_it_says(env: Mapping[str, str]) -> None:
    found = machine(Engine(), env)

    assert (found.cores, found.memory) == (6, 8 << 30)


@pytest.mark.parametrize(
    "info",
    [(1, ""), (0, "Cannot connect"), (0, '{"ServerErrors": ["no"]}'), (0, '{"ServerVersion": "1", "NCPU": "?"}')],
)
def test_an_engine_that_does_not_say_its_size_can_be_built_with(info: tuple[int, str]) -> None:
    found = machine(Engine(info=info), ELSEWHERE)

    assert found.cores >= 1
    assert found.memory == 0


def test_what_an_engine_says_between_warnings_is_heard() -> None:
    _, said = asked(Engine(info=(0, 'WARNING: no swap\n{"ServerVersion": "28", "DockerRootDir": "/d"}\nWARNING: x')))

    assert (said.engine.version, said.engine.folder) == ("28", "/d")


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
