"""crane, which only benchmarks need: fetched once, from where it can be had, and never in the way of what it is for."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from sandbox import peers
from sandbox.__main__ import rivals
from sandbox.archive import Archive
from sandbox.state import SandboxError, State


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State.of(tmp_path)


@pytest.fixture
def suites(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An archive: each suite that is in reach, and what its crane does when it is run."""
    programs = {"trixie": "exit 0", "forky": "exit 0"}

    def unpack(_: Archive, packages: Sequence[str], suite: str, prefix: Path) -> None:
        assert list(packages) == ["crane"]
        if suite not in programs:
            raise SandboxError(f"step download-{suite}", "see its log")
        (prefix / "usr/bin").mkdir(parents=True)
        (prefix / "usr/bin/crane").write_text(f"#!/bin/sh\n{programs[suite]}\n")
        (prefix / "usr/bin/crane").chmod(0o755)

    monkeypatch.setenv("BAKEC_SANDBOX_ARCHIVE", "http://archive.test/debian")
    monkeypatch.setattr(Archive, "update", lambda *_: None)
    monkeypatch.setattr(Archive, "unpack", unpack)
    return programs


def taken_from(state: State) -> str:
    """The suite that crane is of."""
    return (state.bin / "crane").resolve().relative_to(state.prefix).parts[0]


@pytest.mark.usefixtures("suites")
def test_exports_where_crane_is_once_it_is_there(state: State, capsys: pytest.CaptureFixture[str]) -> None:
    assert peers.environment(state) == {}

    rivals(state)

    assert capsys.readouterr().out == f"export BAKEC_CRANE={state.bin}/crane\n"
    assert taken_from(state) == "forky"


def test_fetches_once(state: State, suites: dict[str, str]) -> None:
    peers.fetch(state)
    suites.clear()

    peers.fetch(state)


@pytest.mark.parametrize("testing", [None, "exit 127"])
def test_takes_stables_where_testings_can_not_be_used_and_says_so(
    state: State, suites: dict[str, str], testing: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    del suites["forky"]
    suites.update({"forky": testing} if testing else {})

    peers.fetch(state)

    assert taken_from(state) == "trixie"
    assert "crane is trixie's" in capsys.readouterr().err


def test_archive_out_of_reach_leaves_crane_out_and_says_why(
    state: State, suites: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    suites.clear()

    rivals(state)

    told = capsys.readouterr()
    assert told.out == "\n"
    assert "BAKEC_CRANE is left out: step download-trixie" in told.err
