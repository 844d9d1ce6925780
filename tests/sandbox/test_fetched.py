"""Whether what a sandbox downloaded is still there: checkouts are moved, copied and restored in part."""

import shutil
from pathlib import Path

import pytest

from sandbox import engine
from sandbox.state import State

PACKAGED = {
    "forky": (
        *("usr/bin/docker", "usr/bin/containerd", "usr/bin/docker-registry", "usr/bin/qemu-aarch64"),
        *("usr/sbin/dockerd", "usr/libexec/docker/cli-plugins/docker-buildx"),
    ),
    "own": ("usr/sbin/runc", "usr/sbin/xtables-nft-multi", "usr/bin/tini-static"),
}


@pytest.fixture
def state(tmp_path: Path) -> State:
    """A sandbox with packages of empty files, linked as if they had been downloaded."""
    state = State.of(tmp_path / "one")
    for part, files in PACKAGED.items():
        for file in files:
            (state.prefix / part / file).parent.mkdir(parents=True, exist_ok=True)
            (state.prefix / part / file).touch()
    engine._link_commands(state, state.prefix / "forky")
    return state


def test_what_was_just_linked_is_there(state: State) -> None:
    assert engine.is_fetched(state)


def test_moved_checkout_keeps_what_it_has(state: State, tmp_path: Path) -> None:
    state.home.parent.rename(tmp_path / "two")

    assert engine.is_fetched(State.of(tmp_path / "two"))


@pytest.mark.parametrize(
    "gone",
    [
        "prefix",
        "bin",
        "docker-config",
        "prefix/own",
        "prefix/forky/usr/bin/docker-registry",
        "prefix/own/usr/sbin/runc",
    ],
)
def test_notices_what_is_gone(state: State, gone: str) -> None:
    path = state.home / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()

    assert not engine.is_fetched(state)


def test_link_to_another_checkouts_command_is_not_this_sandboxs(state: State, tmp_path: Path) -> None:
    copied = State.of(tmp_path / "two")
    shutil.copytree(state.home, copied.home, symlinks=True)
    (copied.bin / "dockerd").unlink()
    (copied.bin / "dockerd").symlink_to(state.bin / "dockerd")

    assert not engine.is_fetched(copied)
