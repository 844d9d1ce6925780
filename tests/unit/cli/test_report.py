"""bakec report, as a person uses it: which run, which format, and what is said when that can't be."""

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bake_compiler.cli.report import complete_run
from bake_compiler.report.formats.json import render_json
from tests.fakes import command
from tests.fakes.project import component, write, write_project
from tests.fakes.reference_run import reference_run

FIRST, LAST = "20261124T100000-aaaaaa", "20261124T110000-bbbbbb"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with two runs: the first one built the reference stack, the last one had nothing to do."""
    write_project(tmp_path, {"web": component('name="web"')})
    for run, images in ((FIRST, reference_run().images), (LAST, ())):
        stored = replace(reference_run(), run=run, images=images)
        write(tmp_path / f".bakec/runs/{run}/run.json", "{}")
        write(tmp_path / f".bakec/runs/{run}/report.json", render_json(stored))
    return tmp_path


def bakec(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.defpath, "HOME": "/nonexistent", "NO_COLOR": "1"}
    return command.bakec("report", *words, cwd=root, env=environment)


def failing(root: Path, *words: str) -> list[str]:
    ended = bakec(root, *words)
    assert (ended.returncode, bool(ended.stdout)) == (2, "--json" in words)  # then the error is a document too
    return ended.stderr.splitlines()


def test_the_last_run_is_told_unless_another_is_named(root: Path) -> None:
    assert json.loads(bakec(root, "--json").stdout)["run"] == LAST
    assert json.loads(bakec(root, "last", "--json").stdout)["run"] == LAST
    assert json.loads(bakec(root, "20261124T10", "--json").stdout)["run"] == FIRST
    assert json.loads(bakec(root, FIRST, "--json").stdout)["run"] == FIRST


def test_a_failed_run_is_told_with_success(root: Path) -> None:
    told = bakec(root, FIRST)

    assert (told.returncode, told.stderr) == (0, "")
    assert "slurm-master" in told.stdout
    assert "Unable to locate package" in told.stdout


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("report.html", "<!DOCTYPE html>"),
        ("REPORT.HTM", "<!DOCTYPE html>"),
        ("report.json", '{\n  "schema": "bakec.report/1"'),
        ("report.xml", "<?xml"),
        ("report.md", "#"),
        ("report.txt", "127.0.0.1:36907, tag v0.3.8\n"),
    ],
)
def test_the_file_s_name_says_which_format(name: str, begins: str, root: Path) -> None:
    told = bakec(root, FIRST, "-o", name)

    assert (told.returncode, told.stdout, told.stderr) == (0, "", f"{name}: run {FIRST}, 13 images\n")
    written = (root / name).read_text(encoding="utf-8")
    assert written.lstrip().startswith(begins)
    assert "slurm-master" in written


def test_an_xml_file_is_junit(root: Path) -> None:
    bakec(root, FIRST, "-o", "junit.xml")

    assert ET.parse(root / "junit.xml").getroot().tag == "testsuites"  # noqa: S314 - ours


def test_a_dash_is_stdout(root: Path) -> None:
    assert bakec(root, FIRST, "-o", "-").stdout == bakec(root, FIRST).stdout


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("-o", "report.pdf"), "error: --output: no format has the ending .pdf"),
        (("-o", "report"), "error: --output: report has no ending that says its format"),
        (("-o", "nowhere/report.html"), "error: --output: nowhere/report.html: No such file or directory"),
        (("-o", "components.html"), "error: --output: components.html: Is a directory"),
        (
            ("-o", "report.html", "--json"),
            "error: --json can't be combined with --output *.html: the file's ending is that of another format",
        ),
        (("1999",), "error: no run is called '1999'"),
        (("2026",), "error: more than one run begins with '2026'"),
    ],
)
def test_a_mistake_is_told_in_two_lines(words: tuple[str, ...], error: str, root: Path) -> None:
    (root / "components.html").mkdir()

    said = failing(root, *words)

    assert said[0] == error
    assert said[1].startswith(" hint: ")
    assert len(said) == 2


def test_nothing_is_written_for_a_run_that_is_not_there(root: Path) -> None:
    failing(root, "1999", "-o", "report.html")

    assert not (root / "report.html").exists()


def test_a_project_without_runs_says_so(tmp_path: Path) -> None:
    write_project(tmp_path, {})

    assert failing(tmp_path)[0] == "error: no run is kept here"


def test_the_shell_completes_runs_newest_first(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)

    assert complete_run("") == ["last", LAST, FIRST]
    assert complete_run("20261124T10") == [FIRST]


def test_the_shell_completes_nothing_where_no_project_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert complete_run("") == []
