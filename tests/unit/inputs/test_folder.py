"""One digest of a build context: what changes it, and what does not."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bake_compiler.inputs.folder import folder_digest


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("app/a", "app/deep/b", "app/logs/c.log", "app/logs/keep.log"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def _replaced_by_link(root: Path) -> None:
    (root / "app/a").unlink()
    (root / "app/a").symlink_to("deep/b")


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "app/a").write_text("other"),
        lambda root: (root / "app/a").rename(root / "app/z"),
        lambda root: (root / "app/a").chmod(0o755),
        lambda root: (root / "app/empty").mkdir(),
        lambda root: (root / "app/deep/new").write_text(""),
        _replaced_by_link,
    ],
    ids=["content", "name", "permissions", "folder", "file", "link"],
)
def test_what_a_build_would_see_changes_it(root: Path, change: Callable[[Path], object]) -> None:
    before = folder_digest(root, "app")

    change(root)

    assert folder_digest(root, "app") != before


def test_times_bakec_s_own_folder_and_what_is_ignored_do_not(root: Path) -> None:
    ignore = "logs\n!logs/keep.log\n"
    before = folder_digest(root, "app", ignore)

    os.utime(root / "app/a", (1, 1))
    (root / "app/logs/c.log").write_text("other")
    (root / "app/.bakec").mkdir()
    (root / "app/.bakec/x").write_text("x")

    assert folder_digest(root, "app", ignore) == before
    (root / "app/logs/keep.log").write_text("other")
    assert folder_digest(root, "app", ignore) != before


def test_a_folder_that_is_not_there_is_an_error(root: Path) -> None:
    with pytest.raises(FileNotFoundError):
        folder_digest(root, "none")


def test_the_place_of_a_folder_is_nothing_to_it(root: Path) -> None:
    before = folder_digest(root, "app")
    (root / "app").rename(root / "moved")

    assert folder_digest(root, "moved") == before
