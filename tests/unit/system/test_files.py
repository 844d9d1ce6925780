"""A file is there entirely or not at all, and stays what it was: a link, a mode, a pipe."""

import os
import stat
import threading
from pathlib import Path

import pytest

from bake_compiler.system.files import write_whole
from tests.fakes.limits import no_room


def test_a_file_is_written_with_the_folders_above_it(tmp_path: Path) -> None:
    write_whole(tmp_path / "a/b", "text")

    assert (tmp_path / "a/b").read_text() == "text"
    assert [each.name for each in (tmp_path / "a").iterdir()] == ["b"]


def test_without_its_folder_a_file_is_an_error_with_its_name_if_no_folders_are_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        write_whole(tmp_path / "a/b", "text", folders=False)

    assert caught.value.filename == str(tmp_path / "a/b")
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_stays_when_the_new_text_can_not_be_written(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("old")
    with no_room(), pytest.raises(OSError, match="File too large") as caught:
        write_whole(file, "new")

    assert caught.value.filename == str(file)
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("old")
    file.chmod(0o640)

    write_whole(file, "new")

    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("new", 0o640)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    link = tmp_path / "link"
    link.symlink_to("file")

    write_whole(link, "new")

    assert link.is_symlink()
    assert (tmp_path / "file").read_text() == "new"


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()

    write_whole(pipe, "text")
    reader.join()

    assert read == ["text"]
    assert pipe.is_fifo()


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path, "text")
