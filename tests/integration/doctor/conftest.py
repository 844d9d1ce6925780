"""doctor as a person runs it, on a project that asks for little but what is looked at."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from bake_compiler.buildx.tools import find_buildx
from bake_compiler.system import process
from tests.integration.conftest import Stack

PLATFORMS = '("amd64", "arm64")'


def doctor(stack: Stack, *words: str, env: Mapping[str, str] | None = None) -> tuple[int, dict[str, dict[str, str]]]:
    """The exit code, and each check by its subject; of several by one name, the last."""
    ended = stack.bakec("doctor", "--json", *words, env=env)
    assert ended.status in {0, 7}, ended.err
    return ended.status, {check["subject"]: check for check in ended.document["checks"]}


def found(stack: Stack, subject: str, *words: str, env: Mapping[str, str] | None = None) -> tuple[str, str, str]:
    """State, words and mend of one check."""
    check = doctor(stack, *words, env=env)[1][subject]
    return check["state"], check["found"], check["mend"]


def config(stack: Stack, plugin: Path | str, content: str = "{}") -> dict[str, str]:
    """A client configuration of its own with this buildx: its file, or the text of a program."""
    folder = stack.root / "docker"
    place = folder / "cli-plugins" / "docker-buildx"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    if isinstance(plugin, Path):
        place.symlink_to(plugin.resolve())
    else:
        place.write_text(plugin)
        place.chmod(0o755)
    (folder / "config.json").write_text(content)
    return {"DOCKER_CONFIG": str(folder)}


@pytest.fixture
def buildx() -> Path:
    """The plugin in use."""
    (program_file,) = find_buildx(process.scrubbed(os.environ))[:1]
    if program_file == "docker":
        pytest.skip("buildx is none of Docker's plugins here")
    return Path(program_file)


@pytest.fixture
def bare(stack: Stack) -> Stack:
    """A project of one image, made from nothing for one platform: doctor is soon done with it."""
    shutil.rmtree(stack.root / "components" / "pair")
    stack.component("hub", "FROM scratch\nCOPY component.py /\n", 'Image(name="hub")')
    project = stack.root / "components" / "project.py"
    project.write_text(project.read_text().replace(PLATFORMS, '("amd64",)'))
    return stack
