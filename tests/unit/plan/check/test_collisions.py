"""No two images write to one place."""

from pathlib import Path

import pytest

from tests.unit.plan.check.written import (
    COMPONENT,
    COMPONENT_LINE,
    IMAGE_LINE,
    PROJECT_LINE,
    component_py,
    mistakes,
    told,
)

WEB = component_py('name="web"')
HINT = "give each its own"


def test_a_variant_without_a_suffix_would_take_its_images_tag_where_a_change_makes_it(tmp_path: Path) -> None:
    written = component_py('name="web", variants={"dev": Change(tags=[Var("TAG")])}')

    assert told(tmp_path, written, 'variants=[Variant(name="dev")]') == [
        (f"{IMAGE_LINE}: tags: the tag web:1.0 is also written by web", HINT)
    ]


def test_a_variant_without_a_suffix_is_told_in_the_project(tmp_path: Path) -> None:
    (problem,) = mistakes(tmp_path, WEB, 'variants=[Variant(name="dev", images=["web"], suffix="")]')

    assert (problem.file, problem.line, problem.message) == (
        "components/project.py",
        9,
        "the tag web:1.0 is also written by web",
    )


def test_two_variants_with_one_tag_are_told_at_the_second(tmp_path: Path) -> None:
    variants = (
        'Variant(name="dev", images=["web"], tags=["x"]),\n        Variant(name="qa", images=["web"], tags=["x"])'
    )

    assert told(tmp_path, WEB, f"variants=[\n        {variants}]") == [
        ("components/project.py:11: tags: the tag web:x is also written by web-dev", HINT)
    ]


def test_two_tags_that_are_one_at_the_defaults_are_told(tmp_path: Path) -> None:
    written = component_py('name="web", variants={"dev": Change(tags=["1.0"])}')

    assert [problem.message for problem in mistakes(tmp_path, written, 'variants=[Variant(name="dev")]')] == [
        "the tag web:1.0 is also written by web"
    ]


def test_the_same_tags_in_two_repositories_are_no_collision(tmp_path: Path) -> None:
    assert told(tmp_path, component_py('name="web", tags=["x", "y"]', 'name="api", tags=["x"]')) == []


def test_an_image_may_say_a_tag_twice(tmp_path: Path) -> None:
    assert told(tmp_path, component_py('name="web", tags=[Var("TAG"), "1.0"]')) == []


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (
            'cache_to=[Cache(ref="r.test/c")]',
            'cache_to=["type=registry,ref=r.test/c"]',
            "cache_to: cache-to ref r.test/c is also written by api",
        ),
        (
            'cache_to=[Cache(ref=Join(Var("REGISTRY"), "/c"))]',
            'cache_to=[Cache(ref="127.0.0.1:5000/c", mode="max")]',
            "cache_to: cache-to ref 127.0.0.1:5000/c is also written by api",
        ),
        (
            'cache_to=[Cache(type="local", options={"dest": "out/c"})]',
            'cache_to=[Cache(type="local", options={"dest": "out/c"})]',
            "cache_to: cache-to dest out/c is also written by api",
        ),
        (
            'output=[Output(type="local", dest="out")]',
            'output=["type=local,dest=out"]',
            "output: output dest out is also written by api",
        ),
    ],
)
def test_two_images_with_one_cache_or_output_are_told_at_the_second(
    tmp_path: Path, first: str, second: str, message: str
) -> None:
    written = component_py(f'name="api", {second}', f'name="web", {first}')

    assert told(tmp_path, written) == [(f"{COMPONENT}:7: {message}", HINT)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('cache_to=["r.test/c"]', 'cache_to=["type=registry,ref=r.test/c"]'),
        ('output=["out"]', 'output=["type=local,dest=out"]'),
        ('output=[Output(type="local", dest="a,b")]', 'output=[Output(type="local", dest="a,b")]'),
        ('output=[Output(type="local", dest="out")]', 'output=[Output(type="local", dest="./out/")]'),
        ('output=[Output(type="tar", dest="out")]', 'output=[Output(type="oci", dest="out")]'),
    ],
)
def test_one_place_is_known_in_each_of_its_forms(tmp_path: Path, first: str, second: str) -> None:
    assert len(mistakes(tmp_path, component_py(f'name="api", {first}', f'name="web", {second}'))) == 1


def test_a_cache_that_a_component_gives_to_both_of_its_images_is_told_at_the_component(tmp_path: Path) -> None:
    written = component_py('name="api"', 'name="web"', more='cache_to=[Cache(ref="r.test/c")]')

    assert told(tmp_path, written) == [
        (f"{COMPONENT_LINE}: cache_to: cache-to ref r.test/c is also written by api", HINT)
    ]


@pytest.mark.parametrize("field", ['cache_to=[Cache(ref="r.test/c")]', 'output=[Output(type="local", dest="out")]'])
def test_a_place_that_the_project_gives_to_all_images_is_told_at_the_project(tmp_path: Path, field: str) -> None:
    (problem, *_) = mistakes(tmp_path, component_py('name="api"', 'name="web"'), field)

    assert str(problem).startswith(f"{PROJECT_LINE}: {field.partition('=')[0]}: ")


def test_a_variant_that_keeps_the_cache_of_its_image_is_told(tmp_path: Path) -> None:
    written = component_py('name="web", cache_to=[Cache(ref="r.test/c")]')

    assert told(tmp_path, written, 'variants=[Variant(name="dev", images=["web"])]') == [
        (f"{IMAGE_LINE}: cache_to: cache-to ref r.test/c is also written by web", HINT)
    ]


def test_the_images_of_a_matrix_need_a_cache_each(tmp_path: Path) -> None:
    written = component_py('name="web", matrix={"v": ["3", "4"]}, cache_to=[Cache(ref="r.test/c")]')

    assert told(tmp_path, written) == [
        (f"{IMAGE_LINE}: cache_to: cache-to ref r.test/c is also written by web-3", HINT)
    ]


def test_a_matrix_variable_in_the_reference_keeps_caches_apart(tmp_path: Path) -> None:
    cache = 'cache_to=[Cache(ref=Join("r.test/c:", Var("v")))]'

    assert told(tmp_path, component_py(f'name="web", matrix={{"v": ["3", "4"]}}, {cache}')) == []


def test_an_expression_of_which_only_buildx_knows_the_value_is_no_collision(tmp_path: Path) -> None:
    cache = "cache_to=[Cache(ref=Expr('upper(TAG)'))]"

    assert told(tmp_path, component_py(f'name="web", {cache}', f'name="api", {cache}')) == []


@pytest.mark.parametrize("level", ["image", "component", "project", "variant"])
@pytest.mark.parametrize("tag", ["Expr('upper(TAG)')", "Join('v', Expr('upper(TAG)'))"])
def test_raw_hcl_in_a_tag_is_refused_for_bakec_moves_tags_itself(tmp_path: Path, level: str, tag: str) -> None:
    field = f"tags=[{tag}]"
    written, project, place = {
        "image": (component_py(f'name="web", {field}'), (), IMAGE_LINE),
        "component": (component_py('name="web"', more=field), (), COMPONENT_LINE),
        "project": (WEB, (field,), PROJECT_LINE),
        "variant": (WEB, (f'variants=[Variant(name="dev", images=["web"], {field})]',), PROJECT_LINE),
    }[level]

    (problem,) = mistakes(tmp_path, written, *project)

    assert str(problem) == (
        f"{place}: tags: Expr in a tag: bakec moves the tags itself and must know them; write Var or Join"
    )


@pytest.mark.parametrize("default", ["Expr('upper(TAG)')", "None", '"no tag"', '""'])
def test_a_variable_whose_default_is_no_tag_is_told_where_it_is_one(tmp_path: Path, default: str) -> None:
    written = component_py('name="web", tags=[Var("V")]')

    (problem,) = mistakes(tmp_path, written, f'variables=[Variable(name="V", default={default})]')

    assert (problem.file, problem.line, problem.field) == (COMPONENT, 6, "tags")


def test_a_suffix_that_makes_no_tag_is_told(tmp_path: Path) -> None:
    assert mistakes(tmp_path, WEB, 'variants=[Variant(name="dev", images=["web"], suffix=" x")]') != ()


def test_tags_of_an_abstract_target_are_told_if_they_have_no_effect(tmp_path: Path) -> None:
    written = component_py('name="web"', more='inherits=["_t"]')

    assert mistakes(tmp_path, written, 'targets=[Target(name="_t", tags=["x"])]') != ()


# Tags of single platforms.

SINGLE = "architecture_tags=True"
OTHER = "give one of them another tag, or leave out architecture_tags"


def test_tags_of_single_platforms_are_no_collision_by_themselves(tmp_path: Path) -> None:
    assert told(tmp_path, component_py('name="web", tags=[Var("TAG"), "latest"]', 'name="api"'), SINGLE) == []


def test_an_images_own_tag_that_looks_like_one_of_a_platform_is_told(tmp_path: Path) -> None:
    written = component_py('name="web", tags=[Var("TAG"), "1.0-arm64"]')

    assert told(tmp_path, written, SINGLE) == [
        (f"{IMAGE_LINE}: tags: the tag web:1.0-arm64 of linux/arm64 alone is also written by web", OTHER)
    ]
    assert told(tmp_path, written) == []


def test_a_variant_that_is_called_as_an_architecture_is_told(tmp_path: Path) -> None:
    (problem, hint), *more = told(tmp_path, WEB, SINGLE, 'variants=[Variant(name="amd64", images=["web"])]')

    assert "the tag web:1.0-amd64 of linux/amd64 alone is also written by web-amd64" in problem
    assert (hint, more) == (OTHER, [])


def test_a_tag_that_is_too_long_with_its_architecture_is_told(tmp_path: Path) -> None:
    written = component_py(f'name="web", tags=["{"x" * 124}"]')

    assert [hint for _, hint in told(tmp_path, written, SINGLE)] == ["shorten it", "shorten it"]
    assert told(tmp_path, written) == []
