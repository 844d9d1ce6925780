"""bakec builder, and what other verbs make of the described builder, as a person types them, without an engine."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.fakes import command
from tests.fakes.project import COMPONENT, PROJECT, write_project

DESCRIBED = """
from bake_compiler import Builder, Node
project = project.model_copy(update={"builder": Builder(
    name="acme", driver="remote", nodes=[Node(endpoint="tcp://127.0.0.1:1", platforms=["amd64"])])})
"""


def bakec(root: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.defpath, "HOME": str(root), "NO_COLOR": "1", **more}
    return command.bakec(*words, cwd=root, env=environment)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_project(tmp_path, {"one": COMPONENT}, project=PROJECT + DESCRIBED)


def test_a_project_without_a_builder_is_told_what_to_write(tmp_path: Path) -> None:
    done = bakec(write_project(tmp_path, {"one": COMPONENT}), "builder", "up")

    assert done.returncode == 2
    assert done.stderr.startswith("error: the project describes no builder\n hint: add builder=Builder(")


def test_a_dry_run_says_what_would_be_done_and_does_nothing(root: Path) -> None:
    told = bakec(root, "builder", "up", "--dry-run")
    document = json.loads(bakec(root, "builder", "up", "--dry-run", "--json").stdout)

    assert told.returncode == 0
    assert "+  endpoint tcp://127.0.0.1:1\n" in told.stdout
    assert "create --name acme --driver remote --node acme0 --platform linux/amd64 tcp://127.0.0.1:1\n" in told.stdout
    assert (document["schema"], document["applied"]) == ("bakec.builder-change/1", False)
    assert not (root / ".docker").exists()


def test_builds_go_to_the_described_builder_but_for_one_that_somebody_chose(root: Path) -> None:
    bakec(root, "compile")
    described = bakec(root, "build", "--dry-run")
    chosen = bakec(root, "build", "--dry-run", BUILDX_BUILDER="other")

    assert described.stdout.startswith("BUILDX_BUILDER=acme ")
    assert chosen.stdout.startswith("BUILDX_BUILDER=other ")


def test_what_is_emulated_is_judged_by_the_described_builder_also_before_it_is_there(root: Path) -> None:
    described = json.loads(bakec(root, "plan", "--emulation", "--json").stdout)
    chosen = json.loads(bakec(root, "plan", "--emulation", "--json", BUILDX_BUILDER="other").stdout)

    assert (described["native"], described["native_told_by"]) == (["linux/amd64"], "the description")
    assert chosen["native_told_by"] == "this machine"


@pytest.mark.buildx
def test_a_builder_that_is_not_there_yet_ends_a_build_with_what_makes_it(root: Path) -> None:
    plugins = root / ".docker" / "cli-plugins"
    plugins.mkdir(parents=True)
    (plugins / "docker-buildx").symlink_to(os.environ["BAKEC_BUILDX_NEWEST"])
    bakec(root, "compile")

    done = bakec(root, "build")
    document = json.loads(bakec(root, "builder", "ls", "--json").stdout)

    assert done.returncode == 7
    assert 'no builder "acme" found' in done.stderr
    assert "`bakec builder up`" in done.stderr
    assert (document["schema"], document["exists"], document["matches"]) == ("bakec.builder/1", False, False)
