"""The gate between the models and the committed bake file, by its bytes, by a parser and by the real buildx."""

import asyncio
import gc
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from bake_compiler.bakefile.render import TEMPLATE
from bake_compiler.cli import main
from bake_compiler.errors import PreflightError
from bake_compiler.project.files import template
from bake_compiler.project.planned import plan_project
from bake_compiler.verbs.compile.prove import Proof, prove
from bake_compiler.verbs.compile.run import compile_plan, stale
from tests.fakes.project import COMPONENT, PROJECT, write, write_project
from tests.fakes.reading import BUILDX

FILE = "docker-bake.hcl"
WORKING_TREE = Path(__file__).parents[4]
VARIABLE = '    variables=(Variable(name="VERSION", default=3),),\n'
ARGS = 'name="web", args={"VERSION": Join("v", Var("VERSION")), "MODE": "release"}'
IMPORT = "from bake_compiler import *\n"
OLD_IMPORTS = ("from bake_compiler import Phase, Project\n", "from bake_compiler import Component, Image\n")
buildx = pytest.mark.buildx
each_buildx = pytest.mark.parametrize("which", sorted(BUILDX))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small project whose bake file is up to date."""
    project = PROJECT.replace(OLD_IMPORTS[0], IMPORT).removesuffix(")\n") + VARIABLE + ")\n"
    web = COMPONENT.replace(OLD_IMPORTS[1], IMPORT).replace('name="web"', ARGS)
    root = write_project(tmp_path / "project", {"web": web}, project=project)
    write(root / "components/web/Dockerfile", "FROM busybox:stable\nARG VERSION\nARG MODE\n")
    write(root / FILE, compile_plan(root, plan_project(root)))
    return root


def edited(root: Path, old: str, new: str, name: str = FILE) -> None:
    text = (root / name).read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    write(root / name, text.replace(old, new))


def own_template(root: Path, old: str, new: str) -> None:
    """A template of the project's own that makes something else of one thing, and the file compiled with it."""
    body = "{{ target | body }}}"
    text = template(WORKING_TREE)
    assert body in text
    write(root / TEMPLATE, text.replace(body, f"{{{{ target | body | replace({old!r}, {new!r}) }}}}}}"))
    write(root / FILE, compile_plan(root, plan_project(root)))
    assert new in (root / FILE).read_text(encoding="utf-8")


def proof(root: Path, which: str = "", by: str = "buildx") -> Proof:
    """What the gate finds by one buildx, or without any."""
    plugin = (os.environ[BUILDX[which][1]],) if which else (str(root / "no-such-buildx"),)
    return asyncio.run(prove(root, plan_project(root), root / FILE, by, plugin))


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it printed."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def told(self) -> str:
        """All that it told, in one line."""
        return " ".join((self.stdout + self.stderr).split())


@pytest.fixture
def check(root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """`bakec compile --check` where docker is only its buildx, `which`, or is not there at all."""
    programs = root.parent / "programs"
    programs.mkdir()
    monkeypatch.chdir(root)

    def run(*words: str, which: str = "") -> Ended:
        if which:
            plugin = os.environ[BUILDX[which][1]]
            write(programs / "docker", f'#!/bin/sh\nshift\nexec "{plugin}" "$@"\n').chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}:{os.defpath}" if which else str(programs))
        monkeypatch.setattr(sys, "argv", ["bakec", "compile", "--check", *words])
        capsys.readouterr()
        try:
            main()
            status = 0
        except SystemExit as ended:
            status = int(ended.code or 0)
        finally:
            gc.enable()
        printed = capsys.readouterr()
        return Ended(status, printed.out, printed.err)

    return run


# ---- an up-to-date file ----


@buildx
@each_buildx
def test_a_file_that_is_up_to_date_is_the_same_to_buildx_at_the_defaults_and_with_each_variable_set(
    root: Path, which: str
) -> None:
    found = proof(root, which)

    assert (found.differences, found.skipped) == ((), ())
    assert set(found.overridden) == {
        "REGISTRY",
        "TAG",
        "PLATFORMS",
        "REVISION",
        "SOURCE_DATE_EPOCH",
        "VERSION",
    }
    assert found.told.startswith("read by buildx ")


@buildx
def test_the_command_passes_an_up_to_date_file_and_says_that_buildx_read_it(check: Callable[..., Ended]) -> None:
    ended = check(which="newest")

    assert ended.returncode == 0, ended.stderr
    assert "read by buildx" in ended.told
    assert "6 variables overridden" in ended.told


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ((), "parsed back by python-hcl2: structure and literals are equal; only buildx could evaluate the rest"),
        (("--by", "parse"), "parsed back by python-hcl2: structure and literals are equal"),
        (("--by", "bytes"), "the same bytes"),
    ],
)
def test_without_buildx_the_command_says_how_far_it_looked(
    check: Callable[..., Ended], by: Sequence[str], said: str
) -> None:
    ended = check(*by)

    assert ended.returncode == 0, ended.stderr
    assert said in ended.told


@buildx
def test_asked_to_parse_it_parses_though_buildx_is_there(check: Callable[..., Ended]) -> None:
    ended = check("--by", "parse", which="newest")

    assert ended.returncode == 0, ended.stderr
    assert "parsed back by python-hcl2" in ended.told


@buildx
def test_asked_to_parse_it_does_not_say_that_there_is_no_buildx(check: Callable[..., Ended]) -> None:
    assert "no buildx here" not in check("--by", "parse", which="newest").told


def test_asked_for_buildx_where_there_is_none_it_fails_as_a_machine_that_is_not_ready(
    root: Path, check: Callable[..., Ended]
) -> None:
    with pytest.raises(PreflightError, match="docker has no buildx"):
        proof(root)

    ended = check("--by", "buildx")
    assert ended.returncode == 7
    assert "--by parse" in ended.told


# ---- a changed byte ----


@pytest.mark.parametrize("by", ["bytes", "parse", pytest.param("buildx", marks=buildx)])
def test_a_changed_comment_is_caught_and_not_mended(root: Path, check: Callable[..., Ended], by: str) -> None:
    edited(root, "# It works by hand", "# It also works by hand")
    before = (root / FILE).read_bytes()

    ended = check("--by", by, which="newest" if by == "buildx" else "")

    assert ended.returncode == 3
    assert "-# It also works by hand" in ended.stdout
    assert "+# It works by hand" in ended.stdout
    assert "docker-bake.hcl is stale" in ended.told
    assert (root / FILE).read_bytes() == before


def test_a_changed_comment_is_told_to_mean_the_same(root: Path, check: Callable[..., Ended]) -> None:
    edited(root, "# It works by hand", "# It also works by hand")

    assert "though it means the same (parsed back by python-hcl2" in check("--by", "parse").told


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.removesuffix("\n"),
        lambda text: text + "\n",
        lambda text: text.replace("  context ", "\tcontext ", 1),
    ],
    ids=["no newline at the end", "one more newline", "a tab"],
)
def test_every_byte_counts(root: Path, check: Callable[..., Ended], spoil: Callable[[str], str]) -> None:
    path = root / FILE
    path.write_bytes(spoil(path.read_text(encoding="utf-8")).encode())

    assert check("--by", "bytes").returncode == 3


def test_a_carriage_return_is_a_byte_too(root: Path, check: Callable[..., Ended]) -> None:
    path = root / FILE
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))

    assert check("--by", "bytes").returncode == 3


def test_a_file_that_is_not_utf_8_is_stale(root: Path, check: Callable[..., Ended]) -> None:
    path = root / FILE
    path.write_bytes(path.read_bytes() + b"# \xff\n")

    assert check("--by", "bytes").returncode == 3


def test_a_file_that_is_not_there_is_stale(root: Path, check: Callable[..., Ended]) -> None:
    (root / FILE).unlink()

    assert check("--by", "bytes").returncode == 3


# ---- a hand edit ----


@pytest.mark.parametrize("by", ["parse", pytest.param("buildx", marks=buildx)])
def test_a_hand_edit_is_told_with_its_target_and_attribute(root: Path, check: Callable[..., Ended], by: str) -> None:
    edited(root, '= "release"', '= "debug"')

    ended = check("--by", by, which="newest" if by == "buildx" else "")

    assert ended.returncode == 3
    assert "docker-bake.hcl is stale, and means something else" in ended.told
    assert "target web: args.MODE is 'debug' in the file, 'release' in the plan" in ended.told


@buildx
def test_each_of_several_hand_edits_is_what_buildx_reads(root: Path) -> None:
    edited(root, '= "release"', '= "debug"')
    edited(root, '["first"]', '["web"]')
    edited(root, 'inherits   = ["_common"]', "inherits   = []")
    edited(root, '[ref("web")]', '["r.test/web"]')

    told = "\n".join(proof(root, "newest").differences)
    assert "target web: args.MODE is 'debug' in the file, 'release' in the plan" in told
    assert "group default has ['web'] in the file, ['first'] in the plan" in told
    assert "target web: platforms is nothing in the file" in told
    assert "target web: tags is [r.test/web] in the file" in told


@buildx
def test_a_file_that_buildx_can_not_read_is_told_in_its_words(root: Path) -> None:
    edited(root, 'inherits   = ["_common"]', 'inherits   = ["_gone"]')

    assert any("buildx can't read it" in difference for difference in proof(root, "newest").differences)


def test_a_file_that_can_not_be_parsed_is_a_mistake_and_no_traceback(root: Path, check: Callable[..., Ended]) -> None:
    edited(root, 'target "web" {', 'target "web {')

    ended = check("--by", "parse")

    assert ended.returncode == 3
    assert "not valid HCL" in ended.told
    assert "Traceback" not in ended.stderr


# ---- a changed meaning: the file is what the template makes, and the template is wrong ----

FLAT = ("v${VERSION}", "v3")


@buildx
@each_buildx
def test_a_variable_that_a_template_flattens_is_found_where_it_is_overridden_and_only_there(
    root: Path, which: str
) -> None:
    own_template(root, *FLAT)

    assert stale(root, compile_plan(root, plan_project(root)), FILE) == ""
    assert proof(root, which).differences == (
        "target web: args.VERSION is 'v3' in the file, 'v4' in the plan with VERSION='4'",
    )


@buildx
def test_the_command_fails_on_a_flattened_variable_with_the_target_attribute_and_override(
    root: Path, check: Callable[..., Ended]
) -> None:
    own_template(root, *FLAT)

    ended = check("--by", "buildx", which="newest")

    assert ended.returncode == 3
    assert "docker-bake.hcl is not what the models mean, by buildx" in ended.told
    assert "target web: args.VERSION is 'v3' in the file, 'v4' in the plan with VERSION='4'" in ended.told
    assert "hint: fix docker-bake.hcl.j2" in ended.told


@pytest.mark.parametrize("by", ["bytes", "parse"])
def test_bytes_and_a_parser_can_not_see_it_and_say_how_far_they_looked(
    root: Path, check: Callable[..., Ended], by: str
) -> None:
    own_template(root, *FLAT)

    ended = check("--by", by)

    assert ended.returncode == 0
    assert {"bytes": "the same bytes", "parse": "structure and literals"}[by] in ended.told


@buildx
def test_what_bakec_itself_sets_is_overridden_too(root: Path) -> None:
    own_template(root, 'ref("web")', '"127.0.0.1:5000/web:1.0"')

    assert {each.partition(" with ")[2] for each in proof(root, "newest").differences} == {
        "REGISTRY='registry.example/path/'",
        "TAG='1.0-drift'",
    }


def test_a_template_that_changes_a_literal_is_caught_though_the_bytes_are_its_own(
    root: Path, check: Callable[..., Ended]
) -> None:
    own_template(root, '"release"', '"debug"')

    ended = check("--by", "parse")

    assert ended.returncode == 3
    assert "target web: args.MODE is 'debug' in the file, 'release' in the plan" in ended.told
    assert check("--by", "bytes").returncode == 0


# ---- for machines ----


@buildx
def test_the_document_has_what_was_read_overridden_and_found(root: Path, check: Callable[..., Ended]) -> None:
    own_template(root, *FLAT)

    document = json.loads(check("--json", which="newest").stdout)

    assert document["schema"] == "bakec.compile/1"
    assert (document["stale"], document["written"]) == (False, False)
    assert document["compared"].startswith("buildx ")
    assert "VERSION" in document["overridden"]
    assert document["differences"] == [
        "target web: args.VERSION is 'v3' in the file, 'v4' in the plan with VERSION='4'"
    ]


def test_the_document_says_what_a_parser_could_not_compare(check: Callable[..., Ended]) -> None:
    document = json.loads(check("--by", "parse", "--json").stdout)

    assert (document["compared"], document["overridden"]) == ("python-hcl2", [])
    assert "target web: args.VERSION" in document["not_compared"]
