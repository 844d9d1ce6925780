"""Lists that buildx reads as CSV: each id once, and no variable that breaks a line apart."""

from pathlib import Path

import pytest

from tests.unit.plan.check.written import (
    COMPONENT,
    COMPONENT_LINE,
    PROJECT_LINE,
    component_py,
    mistakes,
    said_at,
    told,
)

TWICE = "is given twice, inherited values included"
ONCE = "give it at one level"
COMMA = 'variables=[Variable(name="V", default="a,b")]'
WEB = component_py('name="web"')


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ('secret=[Secret(id="key", env="A")]', "id=key"),
        ('secret=[Secret(id="key", src=Join("a", Var("TAG")))]', "id=key"),
        ("ssh=[Ssh()]", "default"),
        ('ssh=[Ssh(id="key", paths=["a", "b"])]', "key"),
    ],
)
@pytest.mark.parametrize("level", ["component", "target", "variant", "change"])
def test_a_secret_or_ssh_id_that_an_image_has_from_the_project_can_not_be_given_again(
    tmp_path: Path, level: str, field: str, name: str
) -> None:
    written, project, place = said_at(level, field)
    attribute = field.partition("=")[0]
    place = place.replace(":9", ":10")

    found = told(tmp_path, written, field, *project)

    assert (f"{place}: {attribute}: {name} {TWICE}", ONCE) in found


def test_an_id_at_component_and_image_is_told_at_the_image(tmp_path: Path) -> None:
    written = component_py('name="web", secret=[Secret(id="key")]', more='secret=[Secret(id="key", env="A")]')

    assert told(tmp_path, written) == [(f"{COMPONENT}:7: secret: id=key {TWICE}", ONCE)]


def test_an_id_twice_at_one_level_is_told_too(tmp_path: Path) -> None:
    written = component_py('name="web"', more='secret=[Secret(id="key"), Secret(id="key", env="A")]')

    assert told(tmp_path, written) == [(f"{COMPONENT_LINE}: secret: id=key {TWICE}", ONCE)]


def test_an_id_twice_in_the_project_alone_is_told_there(tmp_path: Path) -> None:
    assert told(tmp_path, WEB, 'secret=[Secret(id="key"), Secret(id="key", env="A")]') == [
        (f"{PROJECT_LINE}: secret: id=key {TWICE}", ONCE)
    ]


def test_different_ids_at_different_levels_add_up(tmp_path: Path) -> None:
    written = component_py('name="web", secret=[Secret(id="a")], ssh=[Ssh(id="a")]', more='secret=[Secret(id="b")]')

    assert told(tmp_path, written, 'secret=[Secret(id="c")], ssh=[Ssh()]') == []


def test_ids_with_commas_are_told_apart(tmp_path: Path) -> None:
    assert told(tmp_path, component_py('name="web", secret=[Secret(id="a,b"), Secret(id="a,c")]')) == []


@pytest.mark.parametrize(
    ("level", "field"),
    [
        ("image", 'cache_from=[Cache(ref=Join("r.test/", Var("V")))]'),
        ("image", 'cache_to=[Cache(ref=Var("V"))]'),
        ("image", 'output=[Output(type="local", dest=Var("V"))]'),
        ("image", 'secret=[Secret(id="x", src=Var("V"))]'),
        ("image", 'attest=[Attest(type="sbom", options={"generator": Var("V")})]'),
        ("component", 'cache_from=[Cache(ref=Var("V"))]'),
        ("target", 'cache_from=[Cache(ref=Var("V"))]'),
        pytest.param(
            "project",
            'cache_from=[Cache(ref=Var("V"))]',
        ),
    ],
)
def test_a_variable_with_a_comma_would_break_a_line_of_csv(tmp_path: Path, level: str, field: str) -> None:
    written, project, place = said_at(level, field)
    place = place.replace(":9", ":10")
    attribute = field.partition("=")[0]
    why = f"which would split {attribute.replace('_', '-')}"

    assert told(tmp_path, written, COMMA, *project) == [
        (
            f"{place}: {attribute}: variable V has a comma, quote or line break, {why}",
            "write the text itself instead of the variable",
        )
    ]


@pytest.mark.parametrize("default", [r'"a\"b"', r'"a\nb"', r'"a\rb"'])
def test_a_quote_or_a_line_break_breaks_it_as_well(tmp_path: Path, default: str) -> None:
    written = component_py('name="web", cache_from=[Cache(ref=Var("V"))]')

    assert len(mistakes(tmp_path, written, f'variables=[Variable(name="V", default={default})]')) == 1


def test_a_comma_of_the_authors_own_text_is_quoted_and_no_mistake(tmp_path: Path) -> None:
    assert told(tmp_path, component_py('name="web", output=[Output(type="local", dest="a,b")]')) == []


def test_a_variable_with_a_comma_is_welcome_where_there_is_no_csv(tmp_path: Path) -> None:
    assert told(tmp_path, component_py('name="web", labels={"a": Var("V")}'), COMMA) == []


def test_an_unused_variable_with_a_comma_harms_nobody(tmp_path: Path) -> None:
    assert told(tmp_path, component_py('name="web", cache_from=["r.test/c"]'), COMMA) == []
