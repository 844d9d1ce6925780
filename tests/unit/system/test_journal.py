"""A run's folder after a kill, on a full disk, and while somebody looks."""

import errno
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake_compiler.errors import BakecError
from bake_compiler.system.files import write_whole
from bake_compiler.system.journal import Journal, is_written, read_journal

ENTRIES: list[dict[str, Any]] = [
    {"event": "run-began", "images": ["web", "hub"], "at": 1.5},
    {"event": "image-ended", "why": 'a line\nand { a "quote" } \N{WHALE} \ud800 \x00'},
    {},
    {"event": "run-ended", "exit_code": 0},
]

HOLDER = """
import sys
from pathlib import Path
from bake_compiler.system.journal import Journal
journal = Journal(Path(sys.argv[1]))
journal.write({"event": "held"})
print("held", flush=True)
sys.stdin.read()
"""


def write_all(path: Path, *entries: dict[str, Any]) -> Journal:
    journal = Journal(path)
    for entry in entries:
        journal.write(entry)
    return journal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "r1" / "journal.jsonl"


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that writes the journal, until its input ends."""
    argv = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


# What is read is what was written.


def test_entries_are_read_as_they_were_written_and_folders_are_made(path: Path) -> None:
    write_all(path, *ENTRIES).close()

    assert read_journal(path) == ENTRIES


def test_an_entry_can_be_read_as_soon_as_it_is_written(path: Path) -> None:
    journal = write_all(path, ENTRIES[0])

    assert read_journal(path) == ENTRIES[:1]
    journal.close()


def test_a_journal_that_is_not_there_has_no_entries(tmp_path: Path) -> None:
    assert read_journal(tmp_path / "absent") == []
    assert read_journal(tmp_path) == []
    assert not is_written(tmp_path / "absent")


def test_a_file_that_was_cut_anywhere_has_the_entries_before_the_cut(path: Path) -> None:
    write_all(path, *ENTRIES).close()
    whole = path.read_bytes()
    ends = [place for place, byte in enumerate(whole) if byte == ord("\n")]

    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        assert read_journal(path) == ENTRIES[: sum(end <= size for end in ends)]


@given(st.binary(max_size=200), st.lists(st.sampled_from(ENTRIES), max_size=3))
def test_whatever_is_in_the_file_its_entries_are_objects_and_those_written_after_it_are_there(
    tmp_path_factory: pytest.TempPathFactory, torn: bytes, entries: list[dict[str, Any]]
) -> None:
    path = tmp_path_factory.mktemp("any") / "journal.jsonl"
    lines = b"".join(json.dumps(entry).encode() + b"\n" for entry in entries)
    path.write_bytes(torn + b"\n" + lines)

    found = read_journal(path)

    assert all(isinstance(entry, dict) for entry in found)
    assert found[len(found) - len(entries) :] == entries


@given(st.dictionaries(st.text(), st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5)))
def test_any_entry_is_one_line(tmp_path_factory: pytest.TempPathFactory, entry: dict[str, Any]) -> None:
    path = tmp_path_factory.mktemp("one") / "journal.jsonl"
    write_all(path, entry).close()

    assert path.read_bytes().count(b"\n") == 1
    assert read_journal(path) == [entry]


# A full disk.


class Disk:
    """`os.write` of a disk that has so much room."""

    def __init__(self, room: int, write: Callable[[int, bytes], int] = os.write) -> None:
        self.room = room
        self._write = write

    def write(self, file: int, data: bytes) -> int:
        if self.room <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = self._write(file, data[: self.room])
        self.room -= written
        return written


@pytest.mark.parametrize("room", range(0, 52, 3))
def test_a_disk_that_was_full_for_a_while_costs_the_entries_of_that_while(
    path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    disk = Disk(room)
    monkeypatch.setattr(os, "write", disk.write)
    journal = Journal(path)
    for number in range(4):
        journal.write({"before": number})
    lost = 4 - len(read_journal(path))
    disk.room = 1000
    for number in range(2):
        journal.write({"after": number})
    journal.close()

    assert read_journal(path) == [
        *({"before": number} for number in range(4 - lost)),
        {"after": 0},
        {"after": 1},
    ]
    assert journal.trouble or not lost


def test_no_room_is_said_in_the_system_s_words(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "write", Disk(0).write)
    journal = write_all(path, *ENTRIES)
    journal.close()

    assert journal.trouble == "No space left on device"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_device_that_is_really_full_costs_entries_and_no_run(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.symlink_to("/dev/full")

    journal = write_all(path, *ENTRIES)
    journal.close()

    assert journal.trouble == "No space left on device"


def test_a_folder_that_can_not_be_made_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")

    with pytest.raises(
        BakecError, match=r"runs/r1/journal\.jsonl: Not a directory: bakec can't write the state of the run"
    ) as caught:
        Journal(tmp_path / "runs" / "r1" / "journal.jsonl")

    assert caught.value.hint


# Who writes it.


def test_a_journal_is_written_until_it_is_closed(path: Path) -> None:
    journal = write_all(path, *ENTRIES)

    assert is_written(path)
    journal.close()
    assert not is_written(path)


def test_to_look_does_not_take_the_lock_away(path: Path) -> None:
    journal = write_all(path)

    assert [is_written(path) for _ in range(3)] == [True] * 3
    journal.close()
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_the_writer_of_another_process_is_seen(path: Path, holder: subprocess.Popen[str]) -> None:
    assert is_written(path)
    holder.communicate()
    assert not is_written(path)


def test_a_writer_that_was_killed_writes_no_more_and_what_it_wrote_is_there(
    path: Path, holder: subprocess.Popen[str]
) -> None:
    holder.kill()
    holder.wait()

    assert not is_written(path)
    assert read_journal(path) == [{"event": "held"}]


def test_a_child_that_outlives_the_writer_does_not_hold_the_lock(path: Path) -> None:
    journal = write_all(path)
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as child:
        journal.close()

        assert not is_written(path)
        child.communicate()


# Files that are there entirely or not at all.


def test_a_file_is_written_whole_with_the_folders_above_it(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "report.json"

    write_whole(path, "text \N{WHALE} \ud800")

    assert path.read_text(encoding="utf-8") == "text \N{WHALE} \\ud800"
    assert [each.name for each in path.parent.iterdir()] == ["report.json"]


def test_whoever_has_the_old_file_open_reads_all_of_it(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write_whole(path, "old")
    with path.open() as file:
        write_whole(path, "new")

        assert file.read() == "old"
    assert path.read_text() == "new"


@pytest.mark.parametrize("broken", ["write_text", "replace"])
def test_when_it_can_not_be_written_what_was_there_is_there_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")

    def full(self: Path, *_: object, **__: object) -> None:
        with self.open("w") as part:
            part.write("ne")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))

    monkeypatch.setattr(Path, broken, full)

    with pytest.raises(OSError, match="No space left"):
        write_whole(path, "new")

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_in_its_place_is_an_error_and_stays(tmp_path: Path) -> None:
    (tmp_path / "report.json").mkdir()

    with pytest.raises(OSError, match="Is a directory"):
        write_whole(tmp_path / "report.json", "new")

    assert [each.name for each in tmp_path.iterdir()] == ["report.json"]
