"""The oldest and the newest buildx: fetched once, the same where testing can't be used, run with no engine."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from sandbox import buildx
from sandbox.archive import Archive
from sandbox.state import SandboxError, State

PLUGIN = Path("usr/libexec/docker/cli-plugins/docker-buildx")
VERSIONS = {"trixie": "0.13.1+ds1", "forky": "0.29.1+ds1"}


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State.of(tmp_path)


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An archive whose plugins say the versions in this dictionary; a suite that is not in it is out of reach."""
    versions = dict(VERSIONS)

    def unpack(_: Archive, packages: Sequence[str], suite: str, prefix: Path) -> None:
        assert list(packages) == ["docker-buildx"]
        if suite not in versions:
            raise SandboxError(f"step download-{suite}", "see its log")
        (prefix / PLUGIN).parent.mkdir(parents=True)
        (prefix / PLUGIN).write_text(
            f"#!/bin/sh\necho github.com/docker/buildx {versions[suite]} {versions[suite]}-1\n"
        )
        (prefix / PLUGIN).chmod(0o755)

    monkeypatch.setenv("BAKEC_SANDBOX_ARCHIVE", "http://archive.test/debian")
    monkeypatch.setattr(Archive, "update", lambda *_: None)
    monkeypatch.setattr(Archive, "unpack", unpack)
    return versions


def test_nothing_is_exported_before_the_programs_are_there(state: State) -> None:
    assert buildx.environment(state) == {}


@pytest.mark.usefixtures("downloads")
def test_exports_the_two_programs_that_were_fetched(state: State) -> None:
    buildx.fetch(state)

    assert buildx.environment(state) == {
        "BAKEC_BUILDX_OLDEST": f"{state.bin}/docker-buildx-oldest",
        "BAKEC_BUILDX_NEWEST": f"{state.bin}/docker-buildx-newest",
    }
    assert buildx.versions(state) == "buildx: oldest 0.13.1, newest 0.29.1"


def test_fetches_once(state: State, downloads: dict[str, str]) -> None:
    buildx.fetch(state)
    downloads.clear()

    buildx.fetch(state)


def test_takes_the_engines_own_plugin_if_that_is_there(state: State, downloads: dict[str, str]) -> None:
    archive = Archive(state, "http://archive.test/debian", "trixie")
    archive.unpack(["docker-buildx"], "forky", state.prefix / "forky")
    del downloads["forky"]

    buildx.fetch(state)

    assert buildx.versions(state) == "buildx: oldest 0.13.1, newest 0.29.1"


def test_says_that_both_are_the_same_where_testing_can_not_be_used(
    state: State, downloads: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    del downloads["forky"]

    buildx.fetch(state)

    assert buildx.versions(state) == "buildx: oldest 0.13.1, newest 0.13.1"
    assert "the same as the oldest" in capsys.readouterr().err


def test_plugin_that_does_not_run_here_is_not_used(
    state: State, downloads: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    downloads["forky"] = "; exit 127 #"

    buildx.fetch(state)

    assert buildx.versions(state) == "buildx: oldest 0.13.1, newest 0.13.1"
    assert "forky can't be used" in capsys.readouterr().err


@pytest.mark.sandbox
@pytest.mark.parametrize("variable", ["BAKEC_BUILDX_OLDEST", "BAKEC_BUILDX_NEWEST"])
def test_real_programs_print_a_bake_file_with_no_engine(variable: str, tmp_path: Path) -> None:
    programs = buildx.environment(State.of(Path(__file__).parents[2]))
    if not programs:
        pytest.skip("`./dev sandbox buildx` was not run")
    (tmp_path / "docker-bake.hcl").write_text('target "default" {\n  tags = ["a:1"]\n}\n')
    nowhere = {**os.environ, "DOCKER_HOST": f"unix://{tmp_path}/no-engine.sock", "DOCKER_CONFIG": str(tmp_path)}

    argv = [programs[variable], "bake", "--print"]
    printed = subprocess.run(argv, cwd=tmp_path, env=nowhere, capture_output=True, text=True, check=True)

    assert json.loads(printed.stdout)["target"]["default"]["tags"] == ["a:1"]
    if variable == "BAKEC_BUILDX_OLDEST":
        version = subprocess.run([programs[variable], "version"], capture_output=True, text=True, check=True)
        assert " 0.13.1" in version.stdout
