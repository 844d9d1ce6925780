"""Each option of a build has a decision for --resume, and the decision holds."""

import json
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import typer

from bake_compiler.cli.app import make_app
from bake_compiler.errors import UsageError
from bake_compiler.runs.asked import Asked, read_asked, write_asked
from bake_compiler.runs.options import BuildOptions, OnResume, decisions, resumed
from tests.fakes.project import write

OF_ONE_CALL = {"resume", "plain", "quiet", "dry_run", "project", "as_json"}
"""What says only how one call finds the project and prints: no run's folder keeps it."""

VALUES: dict[str, tuple[Any, Any]] = {
    "selectors": (("web",), ("hub",)),
    "platforms": (("linux/arm64",), ("linux/amd64",)),
    "registry": ("a.test", "b.test"),
    "tag": ("1", "2"),
    "variables": ({"A": "1"}, {"A": "2"}),
    "push": (False, True),
    "deep": (True, False),
    "jobs": (2, 3),
    "retries": (1, 2),
    "retry_pause": (0.5, 1.5),
    "fail_fast": (True, False),
    "rebuild": (True, False),
    "preflight": (False, True),
    "allow": (("network.host",), ("fs.read=/a", "fs.read=/b")),
    "allow_partial": (True, False),
    "insecure": (("a.test",), ("b.test",)),
    "sign": ("keyless", "cosign.key"),
    "signing_config": ("/a.json", "/b.json"),
    "junit": ("/a.xml", "/b.xml"),
    "release_file": ("/a.json", "/b.json"),
}
"""Each option → two values, of which the first is not its default."""


def command() -> Any:
    return typer.main.get_command(make_app("build")).commands["build"]  # type: ignore[attr-defined]


def asked(options: BuildOptions) -> Asked:
    return Asked("r1", 1.0, options, {}, 1, ())


def test_each_option_of_the_command_line_is_kept_with_a_run_or_is_of_one_call() -> None:
    parameters = {each.name: each for each in command().params if each.name != "help"}

    assert set(parameters) == {each.name for each in fields(BuildOptions)} | OF_ONE_CALL
    for name, option in decisions().items():
        words = {*parameters[name].opts, *parameters[name].secondary_opts, "SELECTOR"}
        assert set(option.written.split("/")) <= words, name


def test_a_value_is_tried_for_each_option() -> None:
    assert set(VALUES) == set(decisions())
    assert all(value != getattr(BuildOptions(), name) for name, (value, _) in VALUES.items())


@pytest.mark.parametrize("name", VALUES)
def test_a_resumed_run_has_each_option_of_the_run_before_it_also_after_it_was_kept(name: str, tmp_path: Path) -> None:
    then = replace(BuildOptions(), **{name: VALUES[name][0]})
    write_asked(tmp_path, asked(then))
    kept = read_asked(tmp_path, "r1")
    assert kept

    assert resumed("r1", kept.options, BuildOptions(), ()) == then
    assert resumed("r1", kept.options, then, {name}) == then


@pytest.mark.parametrize("name", VALUES)
def test_another_value_is_taken_or_refused_as_was_decided(name: str) -> None:
    before, after = VALUES[name]
    option = decisions()[name]
    then, now = replace(BuildOptions(), **{name: before}), replace(BuildOptions(), **{name: after})

    if option.on_resume is OnResume.KEPT:
        assert resumed("r1", then, now, {name}) == now
        return
    with pytest.raises(UsageError, match=f"--resume: run r1 was asked for another {re.escape(option.written)}: "):
        resumed("r1", then, now, {name})


@pytest.mark.parametrize(
    ("name", "then", "words"),
    [
        ("selectors", (), "SELECTOR: none"),
        ("platforms", ("linux/amd64", "linux/arm64"), "--platform: linux/amd64, linux/arm64"),
        ("variables", {"A": "1", "B": "2"}, "--var: A=1, B=2"),
        ("variables", {}, "--var: none"),
        ("push", True, "--push/--load: --push"),
        ("push", False, "--push/--load: --load"),
        ("tag", "1", "--tag: 1"),
    ],
)
def test_a_refusal_says_what_was_asked(name: str, then: Any, words: str) -> None:
    other: Any = next(value for value in VALUES[name] if value != then)

    with pytest.raises(UsageError, match=f"another {re.escape(words)}$"):
        resumed("r1", replace(BuildOptions(), **{name: then}), replace(BuildOptions(), **{name: other}), {name})


def test_order_is_no_difference() -> None:
    then = BuildOptions(selectors=("a", "b"), variables={"A": "1", "B": "2"})
    now = BuildOptions(selectors=("b", "a"), variables={"B": "2", "A": "1"})

    assert resumed("r1", then, now, {"selectors", "variables"}) == then


def test_the_table_in_the_docs_has_each_decision() -> None:
    page = (Path(__file__).parents[3] / "docs/building.md").read_text(encoding="utf-8")
    said = dict(re.findall(r"^\| ((?:`[^`]+`(?:, )?)+) \| (as asked[^|;]*)", page, re.MULTILINE))
    told = {word: words.strip() for cell, words in said.items() for word in re.findall(r"`([^`]+)`", cell)}

    assert told == {option.written: str(option.on_resume) for option in decisions().values()}


def test_a_run_of_the_first_schema_keeps_the_options_that_it_has(tmp_path: Path) -> None:
    first = {
        "schema": "bakec.run/1",
        "run": "r1",
        "began": 1.0,
        "selectors": ["web"],
        "platforms": ["arm64"],
        "registry": "a.test",
        "tag": "1",
        "given": {"A": "1"},
        "variables": {"A": "1", "REVISION": "abc"},
        "push": True,
        "deep": True,
        "slots": 4,
        "images": [],
        "excluded": [],
        "resumes": "",
        "sign": "keyless",
        "signing_config": "",
    }
    write(tmp_path / ".bakec/runs/r1/run.json", json.dumps(first))

    kept = read_asked(tmp_path, "r1")

    assert kept
    assert (kept.slots, kept.variables["REVISION"]) == (4, "abc")
    assert kept.options == BuildOptions(
        selectors=("web",),
        platforms=("arm64",),
        registry="a.test",
        tag="1",
        variables={"A": "1"},
        deep=True,
        sign="keyless",
    )
