"""What is published: an sdist that has all that its own tests need, and a wheel that works without the repository."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path
from venv import EnvBuilder

import pytest

from tests.fakes.project import COMPONENT, write_project
from tests.fakes.registry import FakeRegistry

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
MADE = ".venv/", ".matrix/", ".hypothesis/", ".sandbox/", "__pycache__/", "_cache/", ".bakec/"


def built(directory: Path, target: str) -> Path:
    argv = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(directory)]
    subprocess.run(argv, cwd=ROOT, check=True, capture_output=True)
    (made,) = directory.iterdir()
    return made


def committed() -> set[str]:
    """The files of the repository; in an unpacked sdist, which has no history, all files that no tool made."""
    if (ROOT / ".git").exists():
        return set(subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).split("\n")) - {""}
    names = {str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file()}
    return {name for name in names if not any(part in f"{name}/" for part in MADE)} - {"PKG-INFO"}


def test_the_sdist_has_every_file_of_the_repository(tmp_path: Path) -> None:
    with tarfile.open(built(tmp_path, "sdist")) as archive:
        names = {member.name.partition("/")[2] for member in archive if member.isfile()}
        modes = {member.name.partition("/")[2]: member.mode for member in archive}

    assert committed() - names == set()
    assert modes["dev"] & 0o111


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the wheel and its dependencies, and nothing of the repository."""
    directory = tmp_path_factory.mktemp("clean")
    EnvBuilder(symlinks=True).create(directory / "venv")
    (site,) = (directory / "venv/lib").glob("python*/site-packages")
    with zipfile.ZipFile(built(directory / "wheel", "wheel")) as wheel:
        wheel.extractall(site)  # noqa: S202 - our own wheel
    (site / "dependencies.pth").write_text(
        sysconfig.get_path("purelib")
    )  # a .pth in it, as of bakec itself, is not read
    return directory / "venv/bin/python"


def ran(python: Path, directory: Path, *arguments: str) -> str:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV_", "COVERAGE"))}
    done = subprocess.run(
        [python, "-m", "bake_compiler", *arguments],
        cwd=directory,
        env=env | {"HOME": str(directory)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_works_in_a_clean_environment(python: Path, tmp_path: Path) -> None:
    where = [str(python), "-c", "import bake_compiler; print(bake_compiler.__file__)"]
    assert Path(subprocess.check_output(where, cwd=tmp_path, text=True)).is_relative_to(python.parents[1])
    write_project(tmp_path, {"web": COMPONENT})
    fake = FakeRegistry()
    fake.push_image("web", "1", ("linux/amd64", "linux/arm64"))

    assert "compile" in ran(python, tmp_path, "--help")
    ran(python, tmp_path, "compile")
    assert 'target "web"' in (tmp_path / "docker-bake.hcl").read_text()
    assert "web" in ran(python, tmp_path, "plan")
    with fake.serve() as host:
        told = ran(python, tmp_path, "verify", f"{host}/web:1", "--platform", "amd64,arm64")
    assert f"{host}/web:1" in told
