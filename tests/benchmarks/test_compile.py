"""`./dev bench compile`, small and without an engine: each command runs, and prints what is to be timed."""

import os
import re
from pathlib import Path

import pytest

from benchmarks import buildable
from benchmarks.compile import START_UP, Row, beside, one_image, sizes, start_up
from benchmarks.measure import BAKEC, seconds
from benchmarks.stacks import write_stack
from tests.unit.cli.test_build import BUILDX, DOCKER

SECONDS = r"\d+\.\d+ s"


def install(folder: Path, buildx: str, docker: str) -> dict[str, str]:
    """The variables that lead to these scripts in place of buildx and docker."""
    plugins = folder / "config" / "cli-plugins"
    plugins.mkdir(parents=True)
    for name, text in {"docker-buildx": buildx, "docker": docker}.items():
        (plugins / name).write_text(text)
        (plugins / name).chmod(0o755)
    return {"DOCKER_CONFIG": str(folder / "config"), "PATH": f"{plugins}{os.pathsep}{os.environ['PATH']}"}


def use(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.mark.buildx
def test_the_reference_stack_is_compiled_in_each_way_and_printed_by_buildx(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    newest = os.environ["BAKEC_BUILDX_NEWEST"]
    use(monkeypatch, install(tmp_path, f'#!/bin/sh\nexec {newest} "$@"\n', f'#!/bin/sh\nshift\nexec {newest} "$@"\n'))

    start_up(buildable.reference(tmp_path / "stack"), rounds=1, peer=(newest, "bake", "--print"))

    rows = capsys.readouterr().out.splitlines()[2:]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == [row.title for row in START_UP]
    assert all(re.fullmatch(rf"\| .* \| {SECONDS} \| {SECONDS} \| \d+\.\d\d \| .*\|", row) for row in rows), rows


@pytest.mark.buildx
def test_projects_of_several_sizes_are_compiled_and_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sizes(tmp_path, ((4, 2),), (os.environ["BAKEC_BUILDX_NEWEST"], "bake", "--print"))

    (row,) = capsys.readouterr().out.splitlines()[3:]
    assert re.fullmatch(rf"\| 4 \| 2 \| {SECONDS} \| {SECONDS} \| \d+ MB \| {SECONDS} \|", row)
    assert (tmp_path / "4-2/docker-bake.hcl").read_text().count("\ntarget ") == 5


def test_the_build_of_one_image_is_timed_until_buildx_starts_whose_file_has_few_targets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, install(tmp_path, BUILDX, DOCKER))
    root = write_stack(tmp_path / "120-10", 120, 10)
    seconds((*BAKEC, "compile"), root)

    one_image(tmp_path, ((120, 10),), rounds=1)

    (row,) = capsys.readouterr().out.splitlines()[3:]
    assert re.fullmatch(rf"\| 1 of 120, 10 in a component \| {SECONDS} \| 2 \|", row)  # c6-i5, which needs c0-i0


def test_a_build_in_which_buildx_never_starts_is_not_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, install(tmp_path, BUILDX, DOCKER))
    (tmp_path / "120-10").mkdir()  # without a project

    with pytest.raises(SystemExit, match="did not start buildx"):
        one_image(tmp_path, ((120, 10),), rounds=1)


def test_a_command_that_prints_something_else_is_not_timed(tmp_path: Path) -> None:
    row = Row("version", ("--version",), shows="docker-bake.hcl: written")

    with pytest.raises(SystemExit, match=r"bakec --version did not print 'docker-bake.hcl: written'"):
        beside(row, tmp_path, 1, ("true",))


def test_a_peer_that_prints_nothing_is_not_timed(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="true did not print"):
        beside(Row("version", ("--version",), shows="bakec"), tmp_path, 1, ("true",), tmp_path)
