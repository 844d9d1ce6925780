"""A compile that has nothing to do says so at once, and never says so wrongly."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bake_compiler.verbs.compile.unchanged import CACHE
from tests.fakes.project import COMPONENT, component, write, write_project

READING = """\
from pathlib import Path

from bake_compiler import Component, Image

VERSION = (Path(__file__).parent / "version.txt").read_text().strip()
component = Component(phase="first", images=[Image(name="web", labels={"version": VERSION})])
"""
RUNNING = "import subprocess\n\nsubprocess.run(['true'], check=True)\n" + COMPONENT


def compile_in(root: Path, **env: str) -> tuple[str, bool]:
    """What `bakec compile` says, and whether it had to load the models to say it."""
    command = [sys.executable, "-X", "importtime", "-m", "bake_compiler", "compile"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"} | env
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if not line.startswith("import time:")]
    return "\n".join(said), "bake_compiler.model.project" in done.stderr


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project that was compiled."""
    write(tmp_path / "shared_of_unchanged.py", 'NAME = "api"\n')
    text = "from shared_of_unchanged import NAME\n" + component("name=NAME")
    root = write_project(tmp_path, {"web": READING, "api": text})
    write(root / "components/web/version.txt", "1")
    compile_in(root)
    return root


def test_with_nothing_changed_no_model_is_loaded(root: Path) -> None:
    assert compile_in(root) == ("docker-bake.hcl: is up to date, 2 images in 1 group", False)


WARNING = (
    "warning: components/web/Dockerfile:2: ARG BUILDARCH=amd64: the default counts before the value that BuildKit "
    "would set [web]\n hint: write ARG BUILDARCH; if it is meant: one_platform={'BUILDARCH': 'why'}\n"
)


def test_warnings_are_told_again_without_loading_a_model_and_no_more_once_they_are_mended(root: Path) -> None:
    dockerfile = root / "components/web/Dockerfile"
    dockerfile.write_text("FROM busybox:stable\nARG BUILDARCH=amd64\n")
    told = f"{WARNING}docker-bake.hcl: is up to date, 2 images in 1 group"

    assert compile_in(root) == (told, True)
    assert compile_in(root) == (told, False)
    dockerfile.write_text("FROM busybox:stable\nARG BUILDARCH\n")
    assert compile_in(root) == ("docker-bake.hcl: is up to date, 2 images in 1 group", True)


def edit(path: str, old: str, new: str) -> Callable[[Path], object]:
    return lambda root: (root / path).write_text((root / path).read_text().replace(old, new))


@pytest.mark.parametrize(
    "change",
    [
        edit("components/web/component.py", "web", "wep"),
        edit("components/web/Dockerfile", "busybox", "debian"),
        edit("components/web/version.txt", "1", "2"),
        edit("components/project.py", "1.0", "1.1"),
        edit("shared_of_unchanged.py", "api", "app"),
        edit("docker-bake.hcl", "1.0", "9.9"),
        lambda root: (root / "docker-bake.hcl").unlink(),
        lambda root: write(root / "components/web/.dockerignore", "*.md\n"),
        lambda root: write(root / "components/new/component.py", component('name="new"')).parent,
        lambda root: write(root / "docker-bake.hcl.j2", "# mine\n"),
        lambda root: (root / CACHE).write_text("no JSON"),
    ],
    ids=[
        "model",
        "Dockerfile",
        "read",
        "project",
        "module",
        "edit",
        "gone",
        "ignore",
        "component",
        "template",
        "cache",
    ],
)
def test_whatever_changes_the_models_are_loaded_again(root: Path, change: Callable[[Path], object]) -> None:
    change(root)

    assert compile_in(root)[1]


def test_another_environment_may_mean_other_models(root: Path) -> None:
    assert compile_in(root, RELEASE="1")[1]


def test_a_hand_edit_is_mended_by_the_next_compile(root: Path) -> None:
    before = (root / "docker-bake.hcl").read_text()
    edit("docker-bake.hcl", "1.0", "9.9")(root)

    assert compile_in(root)[0].startswith("docker-bake.hcl: written")
    assert (root / "docker-bake.hcl").read_text() == before


def test_models_that_ask_another_program_are_loaded_each_time(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"web": RUNNING})
    compile_in(root)

    assert compile_in(root)[1]
    assert not (root / CACHE).exists()


@pytest.mark.parametrize("asked", ["components/web/RELEASE", "RELEASE"])
def test_a_file_that_a_model_only_asks_for_counts_when_it_comes(tmp_path: Path, asked: str) -> None:
    asking = f"from pathlib import Path\n\nNAME = 'new' if Path({str(tmp_path / asked)!r}).exists() else 'old'\n"
    root = write_project(tmp_path, {"web": asking + component("name=NAME")})
    compile_in(root)
    compile_in(root)
    write(root / asked, "")

    compile_in(root)

    assert 'target "new"' in (root / "docker-bake.hcl").read_text()
