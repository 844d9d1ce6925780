"""One name, one thing; and only names that bake takes."""

from pathlib import Path

import pytest

from tests.unit.plan.check.written import (
    COMPONENT,
    IMAGE_LINE,
    PROJECT_LINE,
    component_py,
    mistakes,
    project_py,
    told,
)

DEV = 'variants=[Variant(name="dev", images=["web"])]'
WEB = component_py('name="web"')


@pytest.mark.parametrize("name", ["Web", "a.b", "-a", "a b", "a/b", "${a}", ""])
def test_a_name_that_bake_or_a_registry_refuses_is_told_at_its_image(tmp_path: Path, name: str) -> None:
    (problem,) = mistakes(tmp_path, component_py(f'name="{name}"'))

    assert (problem.file, problem.line, problem.field) == (COMPONENT, 6, "name")
    assert problem.message == f"'{name}' is not a name: lower-case letters, digits, - and _"


@pytest.mark.parametrize(
    ("argument", "what"),
    [
        ('groups=[Group(name="My group", members=["web"])]', "a name: lower-case letters, digits, - and _"),
        ('variants=[Variant(name="My group", images=["web"])]', "a name: lower-case letters, digits, - and _"),
        ('targets=[Target(name="My group")]', "the name of an abstract target: _ and then letters, digits, - or _"),
        ('variables=[Variable(name="My group")]', "a name as variables have: letters, digits and _"),
        ('functions=[Function(name="My group", result=Expr("1"))]', "a name as variables have: letters, digits and _"),
    ],
)
def test_a_name_in_the_project_that_bake_refuses_is_told_with_what_it_may_be(
    tmp_path: Path, argument: str, what: str
) -> None:
    (problem, *_) = mistakes(tmp_path, WEB, argument)

    assert str(problem) == f"{PROJECT_LINE}: name: 'My group' is not {what}"


@pytest.mark.parametrize("folder", ["my.web", "my web", "wéb"])
def test_a_folder_whose_name_can_not_be_a_groups_is_told_where_it_is_to_be_one(tmp_path: Path, folder: str) -> None:
    assert mistakes(tmp_path, {folder: component_py('name="web"', 'name="api"')}) != ()


@pytest.mark.parametrize(
    ("written", "argument"),
    [
        (component_py('name="all"'), "needs=[]"),
        (WEB, 'groups=[Group(name="all", members=["web"])]'),
        (WEB, 'variants=[Variant(name="all", images=["web"])]'),
    ],
)
def test_nothing_can_be_called_like_the_selector_of_everything(tmp_path: Path, written: str, argument: str) -> None:
    assert mistakes(tmp_path, written, argument) != ()


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        (DEV.replace("dev", "web"), "'web' is a variant, and also an image of web"),
        (DEV.replace("dev", "first"), "'first' is a variant, and also a phase"),
        ('groups=[Group(name="first", members=["web"])]', "'first' is a group, and also a phase"),
        (
            'groups=[Group(name="default", members=["web"])]',
            "'default' is a group, and also bake's group of everything",
        ),
        ('targets=[Target(name="_a"), Target(name="_a")]', "'_a' is an abstract target, and also an abstract target"),
        (
            'targets=[Target(name="_common")]',
            "'_common' is an abstract target, and also bakec's target of what all images share",
        ),
        ('variables=[Variable(name="REVISION")]', "'REVISION' is a variable, and also a variable of bakec's own"),
        ('variables=[Variable(name="A"), Variable(name="A")]', "'A' is a variable, and also a variable"),
        (
            'functions=[Function(name="ref", result=Expr("1"))]',
            "'ref' is a function, and also a function of bakec's own",
        ),
        (
            'variables=[Variable(name="A")], functions=[Function(name="A", result=Expr("1"))]',
            "'A' is a function, and also a variable",
        ),
    ],
)
def test_a_name_in_the_project_that_something_else_has_is_told_with_both(
    tmp_path: Path, argument: str, message: str
) -> None:
    assert told(tmp_path, WEB, argument) == [(f"{PROJECT_LINE}: name: {message}", "rename one of them")]


def test_a_phase_can_not_be_declared_twice(tmp_path: Path) -> None:
    assert told(tmp_path, WEB, project_py().replace('"last"', '"first"')) == [
        ("components/project.py:8: name: 'first' is a phase, and also a phase", "rename one of them")
    ]


def test_a_group_and_a_variant_can_not_have_one_name(tmp_path: Path) -> None:
    assert told(tmp_path, WEB, DEV, 'groups=[Group(name="dev", members=["web"])]') == [
        ("components/project.py:10: name: 'dev' is a group, and also a variant", "rename one of them")
    ]


def test_a_group_called_like_its_only_image_is_a_name_twice_and_no_cycle(tmp_path: Path) -> None:
    assert told(tmp_path, WEB, 'groups=[Group(name="web", members=["web"])]') == [
        (f"{PROJECT_LINE}: name: 'web' is a group, and also an image of web", "rename one of them")
    ]


@pytest.mark.parametrize(
    ("components", "place", "message"),
    [
        ({"a": WEB, "b": WEB}, "components/b/component.py:6", "'web' is an image of b, and also an image of a"),
        (
            {"a": component_py('name="last"')},
            "components/a/component.py:6",
            "'last' is an image of a, and also a phase",
        ),
        (
            {"a": component_py('name="x"', 'name="y"'), "b": component_py('name="a"')},
            "components/a/component.py:3",
            "'a' is the group of a, and also an image of b",
        ),
        (
            {"a": component_py('name="web", matrix={"v": ["3.1", "3-1"]}')},
            "components/a/component.py:6",
            "'web-3-1' is an image of a's matrix, and also an image of a's matrix",
        ),
        (
            {"a": component_py('name="web", matrix={"v": ["3"]}', 'name="web-3"')},
            "components/a/component.py:6",
            "'web-3' is an image of a's matrix, and also an image of a",
        ),
    ],
)
def test_a_name_in_a_component_that_something_else_has_is_told_with_both(
    tmp_path: Path, components: dict[str, str], place: str, message: str
) -> None:
    assert told(tmp_path, components) == [(f"{place}: name: {message}", "rename one of them")]


def test_a_folder_with_one_image_can_not_be_called_like_another_components_image(tmp_path: Path) -> None:
    components = {"front": WEB, "b": component_py('name="front"')}

    assert told(tmp_path, components) == [
        ("components/front/component.py:3: the folder's name 'front' is also an image of b", "rename one")
    ]


def test_the_image_of_a_variant_can_not_be_called_like_another_image_where_a_change_makes_it(tmp_path: Path) -> None:
    written = component_py('name="web", variants={"dev": Change(args={})}', 'name="web-dev"')

    assert told(tmp_path, written, 'variants=[Variant(name="dev")]') == [
        (
            f"{IMAGE_LINE}: name: 'web-dev' is an image of web's variant dev, and also an image of web",
            "rename one of them",
        )
    ]


def test_the_image_of_a_variant_can_not_be_called_like_another_image_where_the_variant_makes_it(tmp_path: Path) -> None:
    assert told(tmp_path, component_py('name="web"', 'name="web-dev"'), DEV) == [
        (
            f"{PROJECT_LINE}: name: 'web-dev' is an image of web's variant dev, and also an image of web",
            "rename one of them",
        )
    ]


def test_a_matrix_variable_can_not_be_called_like_a_variable(tmp_path: Path) -> None:
    assert told(tmp_path, component_py('name="web", matrix={"TAG": ["3"]}')) == [
        (f"{IMAGE_LINE}: matrix.TAG: 'TAG' is also a variable", "rename one of them")
    ]


def test_a_matrix_variable_without_values_would_make_no_image(tmp_path: Path) -> None:
    assert told(tmp_path, component_py('name="web", matrix={"v": []}')) == [
        (f"{IMAGE_LINE}: matrix.v: has no values", "give one at least")
    ]


def test_a_capital_in_a_matrix_would_be_one_in_a_repository(tmp_path: Path) -> None:
    assert told(tmp_path, component_py('name="web", matrix={"v": ["A"]}')) == [
        (
            f"{IMAGE_LINE}: matrix: 'web-A' would be the image's name, and a repository has no capitals",
            "write the values in lower case",
        )
    ]


@pytest.mark.parametrize("value", ["", "3.", "é"])
def test_a_matrix_value_that_makes_no_repository_is_told(tmp_path: Path, value: str) -> None:
    (problem,) = mistakes(tmp_path, component_py(f'name="web", matrix={{"v": ["{value}"]}}'))

    assert (problem.line, problem.field) == (6, "matrix")


def test_a_variant_a_matrix_and_a_group_with_names_of_their_own_are_no_mistake(tmp_path: Path) -> None:
    written = component_py('name="web"', 'name="tool", matrix={"v": ["3.11", "3.12"]}')

    assert told(tmp_path, written, DEV, 'groups=[Group(name="ours", members=["web", "dev", "tool-3-11"])]') == []
