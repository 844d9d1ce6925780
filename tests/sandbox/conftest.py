import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import engine
from sandbox.state import State

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[State]:
    """A sandbox beside the checkout's own, stopped, with the packages that the checkout's has downloaded."""
    downloaded = State.of(CHECKOUT)
    if os.geteuid() != 0:
        pytest.skip("a sandbox needs root")
    if not (downloaded.home / "fetched").is_file():
        pytest.skip("this machine's own Docker is in use: no sandbox has downloaded its packages")
    suite = (downloaded.home / "fetched").read_text()
    state = State.of(tmp_path_factory.mktemp("checkout"))
    state.home.mkdir()
    _copy_linked(downloaded.prefix, state.prefix)
    engine._link_commands(state, state.prefix / suite)
    (state.home / "fetched").write_text(suite)
    yield state
    engine.stop(state)
    shutil.rmtree(state.home)


def _copy_linked(source: Path, target: Path) -> None:
    """Hard links where the file system can: a second engine's 800 MB in no time."""
    linked = subprocess.run(["cp", "-al", source, target], check=False, capture_output=True)
    if linked.returncode:
        shutil.rmtree(target, ignore_errors=True)
        subprocess.run(["cp", "-a", source, target], check=True)
