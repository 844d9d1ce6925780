"""A bake file parsed back without buildx: structure and literals against the plan."""

from pathlib import Path
from typing import Any

import pytest

from bake_compiler import Component, Expr, Function, Group, Image, Join, Phase, Project, Target, Var, Variable
from bake_compiler.bakefile import parse
from bake_compiler.bakefile.render import render
from bake_compiler.errors import ModelError
from bake_compiler.model import Stack
from bake_compiler.plan import Plan, make_plan
from bake_compiler.project.files import template

TEMPLATE = template(Path(__file__).parents[3])


def planned(*images: Image, **project: Any) -> Plan:
    fields: dict[str, Any] = {
        "name": "acme",
        "registry": "r.test",
        "tag": "1.0",
        "platforms": ("amd64", "arm64"),
        "phases": (Phase(name="first"),),
    }
    return make_plan(Stack(Project(**fields | project), {"web": Component(phase="first", images=images)}))


PLAN = planned(
    Image(
        name="web",
        stage="app",
        args={"MODE": "release", "VERSION": Join("v", Var("VERSION")), "NONE": None},
        labels={"owner": "us"},
        no_cache=True,
        ulimits=("nofile=1:2", "nproc=3"),
        inherits=("_t",),
    ),
    Image(name="api", needs=("web",)),
    variables=(
        Variable(name="VERSION", default="3"),
        Variable(name="JOBS", default=4),
        Variable(name="DEBUG", default=False),
        Variable(name="HOSTS", default=["a", "b"]),
        Variable(name="NOTHING", default=None),
        Variable(name="SHORT", default=Expr("substr(TAG, 0, 1)")),
    ),
    functions=(Function(name="shout", params=("text",), result=Expr("upper(text)")),),
    groups=(Group(name="ours", members=("web", "first")),),
    targets=(Target(name="_t", pull=True),),
)
FILE = render(PLAN, TEMPLATE)


def changed(old: str, new: str) -> str:
    assert FILE.count(old) == 1, old
    return FILE.replace(old, new)


def test_the_file_of_a_plan_has_its_structure_and_literals() -> None:
    assert parse.compare_text(PLAN, FILE).differences == ()


def test_every_block_is_found_by_kind_and_name() -> None:
    blocks = parse.parse(FILE)

    assert set(blocks["target"]) == {"_common", "_t", "web", "api"}
    assert set(blocks["group"]) == {"default", "first", "web-all", "ours"}
    assert {"VERSION", "JOBS", "TAG"} < set(blocks["variable"])
    assert set(blocks["function"]) == {"ref", "shout"}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"release"', '"debug"', "target web: args.MODE is 'debug' in the file, 'release' in the plan"),
        (
            '"owner"                          = "us"',
            '"owner" = "them"',
            "target web: labels.owner is 'them' in the file, 'us' in the plan",
        ),
        ('= "app"', '= "dev"', "target web: target is 'dev' in the file, 'app' in the plan"),
        ("no-cache   = true", "no-cache   = false", "target web: no-cache is False in the file, True in the plan"),
        ('"nproc=3"', '"nproc=4"', "target web: ulimits.1 is 'nproc=4' in the file, 'nproc=3' in the plan"),
        (', "nproc=3"', "", "target web: ulimits has 1 items in the file, 2 in the plan"),
        (
            '"target:web"',
            '"target:hub"',
            "target api: contexts.web is 'target:hub' in the file, 'target:web' in the plan",
        ),
        ("default = 4", "default = 5", "variable JOBS: default is 5 in the file, 4 in the plan"),
        ('["a", "b"]', '["a", "c"]', "variable HOSTS: default.1 is 'c' in the file, 'b' in the plan"),
        ("default = false", "default = true", "variable DEBUG: default is True in the file, False in the plan"),
        ('["web", "first"]', '["first"]', "group ours: targets has 1 items in the file, 2 in the plan"),
        ('group "ours"', 'group "theirs"', "group ours is in the plan only"),
        ('group "ours"', 'group "theirs"', "group theirs is in the file only"),
        ('target "api"', 'target "ape"', "target ape is in the file only"),
        ('target "api"', 'target "ape"', "target api is in the plan only"),
        ('variable "JOBS"', 'variable "JOB"', "variable JOBS is in the plan only"),
    ],
)
def test_each_kind_of_difference_is_told_with_its_block_and_attribute(old: str, new: str, told: str) -> None:
    assert told in parse.compare_text(PLAN, changed(old, new)).differences


def test_an_attribute_that_is_gone_is_told() -> None:
    assert parse.compare_text(PLAN, changed("  no-cache   = true\n", "")).differences == (
        "target web: no-cache is None in the file, True in the plan",
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  no-cache   = true\n", '  no-cache   = true\n  network = "host"\n'),
        ('"_common", "_t"', '"_common"'),
        ("result = upper(text)", "result = lower(text)"),
    ],
)
def test_an_attribute_that_only_the_file_has_and_what_a_block_inherits_is_told(old: str, new: str) -> None:
    assert parse.compare_text(PLAN, changed(old, new)).differences != ()


def test_what_only_buildx_can_evaluate_is_skipped_and_named() -> None:
    skipped = parse.compare_text(PLAN, FILE).skipped

    assert {"target web: args.VERSION", "target web: tags.0", "variable SHORT: default"} <= set(skipped)
    assert "target web: args.MODE" not in skipped


def test_an_expression_that_was_flattened_to_its_default_is_beyond_a_parser() -> None:
    """Hence `--by buildx`."""
    assert parse.compare_text(PLAN, changed('"v${VERSION}"', '"v3"')).differences == ()


@pytest.mark.parametrize(
    "text",
    [
        'quotes " and \\ backslash',
        "${template} %{ if } $${doubled}",
        "line\nbreak\ttab\r",
        "\u2028 \x7f \x01",
        "שלום 🐳",
        "<<EOF",
        "null",
        "true",
        "4",
        "",
        " ",
        "a # b // c /* d */",
    ],
)
def test_any_text_is_read_back_as_it_was_written(text: str) -> None:
    plan = planned(Image(name="web", args={"TEXT": text}), variables=(Variable(name="TEXT", default=text),))
    rendered = render(plan, TEMPLATE)

    assert parse.compare_text(plan, rendered).differences == ()
    assert parse._literal(parse.parse(rendered)["target"]["web"]["args"]['"TEXT"']) == text


@pytest.mark.parametrize("text", ['target "web" {', 'target web" {}', "= 1", 'target "web" { a = "b }'])
def test_what_is_no_hcl_is_a_mistake_with_a_hint(text: str) -> None:
    with pytest.raises(ModelError, match=r"^the bake file is not valid HCL: ") as caught:
        parse.compare_text(PLAN, text)

    assert caught.value.hint == "run `bakec compile`"


def test_an_empty_file_has_nothing_of_the_plan() -> None:
    differences = parse.compare_text(PLAN, "").differences

    assert "target web is in the plan only" in differences
    assert "group default is in the plan only" in differences
    assert "variable TAG is in the plan only" in differences
