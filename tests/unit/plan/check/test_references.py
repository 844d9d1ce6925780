"""Every name that is used is declared, at whichever level it is used."""

from pathlib import Path

import pytest

from bake_compiler.project.planned import plan_project
from tests.fakes.project import write_project
from tests.unit.plan.check.written import (
    COMPONENT,
    COMPONENT_LINE,
    IMAGE_LINE,
    LEVELS,
    PROJECT_LINE,
    component_py,
    mistakes,
    project_py,
    said_at,
    told,
)

VARIABLES = 'variables=[Variable(name="VERSION", default="1"), Variable(name="LIST", default=["a"])]'
DECLARING = {"components/web/Dockerfile": "FROM busybox\nARG A=\n"}
WEB = component_py('name="web"')
MEANT = "did you mean 'VERSION'?"


@pytest.mark.parametrize("level", LEVELS)
def test_a_need_that_is_no_image_is_told_at_every_level(tmp_path: Path, level: str) -> None:
    written, project, place = said_at(level, 'needs=["wep"]')

    assert told(tmp_path, written, *project) == [(f"{place}: needs: unknown image 'wep'", "did you mean 'web'?")]


def test_a_need_is_found_on_its_own_line_of_a_long_image(tmp_path: Path) -> None:
    image = 'name="api",\n              needs=[\n                  "web",\n                  "hup",\n              ]'

    assert told(tmp_path, component_py('name="web"', image, 'name="hub"')) == [
        (f"{COMPONENT}:8: needs: unknown image 'hup'", "did you mean 'hub'?")
    ]


def test_a_need_with_nothing_like_it_lists_the_images_that_there_are(tmp_path: Path) -> None:
    written = component_py('name="web", needs=["zzz"]', 'name="api"')

    assert told(tmp_path, written) == [(f"{IMAGE_LINE}: needs: unknown image 'zzz'", "known are api, web")]


@pytest.mark.parametrize(
    "level",
    [
        "image",
        "component",
        "project",
        "target",
        "variant",
        "change",
    ],
)
def test_a_context_that_links_to_no_image_is_told_as_a_context(tmp_path: Path, level: str) -> None:
    written, project, place = said_at(level, 'contexts={"base": "target:wep"}')

    (problem, *more) = mistakes(tmp_path, written, *project)

    assert str(problem).startswith(f"{place}: contexts")
    assert (problem.message, problem.hint, more) == ("unknown image 'wep'", "did you mean 'web'?", [])


def test_a_need_on_a_matrix_means_one_of_its_images(tmp_path: Path) -> None:
    written = component_py('name="py", matrix={"v": ["3"]}', 'name="web", needs=["py"]')

    assert told(tmp_path, written) == [(f"{COMPONENT}:7: needs: unknown image 'py'", "did you mean 'py-3'?")]


def test_a_phase_that_the_project_does_not_have_is_told_with_the_one_that_was_meant(tmp_path: Path) -> None:
    assert told(tmp_path, component_py('name="web"', phase="frist")) == [
        (f"{COMPONENT}:4: phase: unknown phase 'frist'", "did you mean 'first'?")
    ]


@pytest.mark.parametrize(
    ("level", "field"),
    [
        *((level, 'args={"A": Var("VRSION")}') for level in LEVELS),
        *((level, 'labels={"a": Join("v", Var("VRSION"))}') for level in LEVELS),
        *((level, 'cache_from=[Cache(ref=Join("r.test/cache:", Var("VRSION")))]') for level in LEVELS),
        ("image", 'annotations={"a": Var("VRSION")}'),
        ("image", 'contexts={"a": Var("VRSION")}'),
        ("image", 'secret=[Secret(id="x", src=Var("VRSION"))]'),
        ("image", 'ssh=[Ssh(paths=[Var("VRSION")])]'),
        ("image", 'no_cache=Var("VRSION")'),
        ("image", 'ulimits=[Join("nofile=", Join(Var("VRSION")))]'),
    ],
)
def test_a_variable_that_nobody_declared_is_told_in_any_attribute_at_every_level(
    tmp_path: Path, level: str, field: str
) -> None:
    written, project, place = said_at(level, field)
    place = place.replace(":9", ":10")  # behind the variables

    (problem, *more) = mistakes(tmp_path, written, VARIABLES, *project, files=DECLARING)

    assert str(problem).startswith(f"{place}: {field.partition('=')[0]}")
    assert (problem.message, problem.hint, more) == ("unknown variable 'VRSION'", MEANT, [])


@pytest.mark.parametrize(
    ("level", "field"),
    [
        *((level, 'cache_to=[Cache(ref=Var("VRSION"))]') for level in LEVELS),
        *((level, 'output=[Output(type="local", dest=Join("out/", Var("VRSION")))]') for level in LEVELS),
        *((level, 'tags=[Join("v", Var("VRSION"))]') for level in LEVELS if level not in {"project", "target"}),
    ],
)
def test_a_variable_that_nobody_declared_is_told_where_the_place_that_is_written_to_depends_on_it(
    tmp_path: Path, level: str, field: str
) -> None:
    written, project, place = said_at(level, field)
    place = place.replace(":9", ":10")

    assert told(tmp_path, written, VARIABLES, *project) == [
        (f"{place}: {field.partition('=')[0]}: unknown variable 'VRSION'", MEANT)
    ]


@pytest.mark.parametrize("field", ["stage", "context", "dockerfile", "dockerfile_inline"])
def test_an_unknown_variable_in_what_an_image_is_built_from_is_told_under_the_authors_word(
    tmp_path: Path, field: str
) -> None:
    written = component_py(f'name="web", {field}=Var("VRSION")')

    assert told(tmp_path, written, VARIABLES) == [(f"{IMAGE_LINE}: {field}: unknown variable 'VRSION'", MEANT)]


def test_an_unknown_variable_is_found_on_the_line_of_its_key(tmp_path: Path) -> None:
    more = 'labels={\n        "a": "b",\n        "b": Var("VRSION"),\n    }'

    (problem,) = mistakes(tmp_path, component_py('name="web"', more=more), VARIABLES)

    assert (problem.line, problem.field) == (7, "labels.b")


def test_the_variables_of_a_matrix_are_known_to_its_own_image_alone(tmp_path: Path) -> None:
    use = 'labels={"python": Var("python")}'
    written = component_py(f'name="py", matrix={{"python": ["3"]}}, {use}', f'name="web", {use}')

    (problem,) = mistakes(tmp_path, written)

    assert (problem.line, problem.message) == (7, "unknown variable 'python'")


def test_bakecs_own_variables_are_known_without_a_declaration(tmp_path: Path) -> None:
    own = ("REGISTRY", "TAG", "PLATFORMS", "REVISION", "SOURCE_DATE_EPOCH")
    labels = ", ".join(f'"{name.lower()}": Var("{name}")' for name in own)

    assert told(tmp_path, component_py(f'name="web", labels={{{labels}}}')) == []


@pytest.mark.parametrize(
    "level",
    [
        "image",
        "component",
        "variant",
        "change",
        "project",
        "target",
    ],
)
def test_a_list_is_no_text_at_any_level(tmp_path: Path, level: str) -> None:
    written, project, place = said_at(level, 'labels={"a": Join("v", Var("LIST"))}')
    place = place.replace(":9", ":10")

    (problem, *more) = mistakes(tmp_path, written, VARIABLES, *project)

    assert str(problem).startswith(f"{place}: labels")
    assert (problem.message, more) == ("variable 'LIST' is a list or a map, not a text", [])
    assert problem.hint == "write Expr for what to take from it, such as Expr('join(\",\", LIST)')"


def test_a_list_is_no_tag(tmp_path: Path) -> None:
    (problem,) = mistakes(tmp_path, component_py('name="web", tags=[Var("LIST")]'), VARIABLES)

    assert (problem.line, problem.field, problem.message) == (
        6,
        "tags",
        "variable 'LIST' is a list or a map, not a text",
    )


@pytest.mark.parametrize(
    ("written", "project", "place"),
    [
        (component_py('name="web", inherits=["_go"]'), 'targets=[Target(name="_g0")]', IMAGE_LINE),
        (component_py('name="web"', more='inherits=["_go"]'), 'targets=[Target(name="_g0")]', COMPONENT_LINE),
        (component_py('name="web"'), 'targets=[Target(name="_g0", inherits=["_go"])]', PROJECT_LINE),
    ],
)
def test_an_abstract_target_that_is_not_there_is_told_wherever_it_is_inherited(
    tmp_path: Path, written: str, project: str, place: str
) -> None:
    assert told(tmp_path, written, project) == [
        (f"{place}: inherits: unknown abstract target '_go'", "did you mean '_g0'?")
    ]


def test_an_image_is_no_abstract_target(tmp_path: Path) -> None:
    assert told(tmp_path, component_py('name="web", inherits=["api"]', 'name="api"')) == [
        (f"{IMAGE_LINE}: inherits: unknown abstract target 'api'", "no such names are declared")
    ]


def test_a_change_for_a_variant_that_the_project_does_not_have_is_told(tmp_path: Path) -> None:
    written = component_py('name="web", variants={"dve": Change()}')

    assert told(tmp_path, written, 'variants=[Variant(name="dev", images=["web"])]') == [
        (f"{IMAGE_LINE}: variants: unknown variant 'dve'", "did you mean 'dev'?")
    ]


def test_a_variant_of_an_image_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert told(tmp_path, component_py('name="web"'), 'variants=[Variant(name="dev", images=["wep"])]') == [
        (f"{PROJECT_LINE}: images: unknown image 'wep'", "did you mean 'web'?")
    ]


def test_an_image_with_a_matrix_can_have_no_variants(tmp_path: Path) -> None:
    written = component_py('name="web", matrix={"v": ["3"]}, variants={"dev": Change()}')

    assert told(tmp_path, written, 'variants=[Variant(name="dev")]') == [
        (f"{IMAGE_LINE}: variants: an image with a matrix can't have variants", "write a loop")
    ]


def test_a_group_has_images_and_groups_that_are_there(tmp_path: Path) -> None:
    assert told(tmp_path, component_py('name="web"'), 'groups=[Group(name="ours", members=["first", "wep"])]') == [
        (f"{PROJECT_LINE}: members: unknown image or group 'wep'", "did you mean 'web'?")
    ]


def test_a_phase_without_images_is_no_member_for_it_has_no_group(tmp_path: Path) -> None:
    (problem,) = mistakes(tmp_path, component_py('name="web"'), 'groups=[Group(name="ours", members=["last"])]')

    assert problem.message == "unknown image or group 'last'"


ONE_PHASE = project_py().replace('    phases=(Phase(name="first"), Phase(name="last")),\n', "")
NO_PHASE = WEB.replace('    phase="first",\n', "")


def test_a_project_that_names_no_phase_has_one(tmp_path: Path) -> None:
    root = write_project(
        tmp_path, {"web": NO_PHASE, "api": component_py('name="api"', phase="images")}, project=ONE_PHASE
    )

    plan = plan_project(root)

    assert plan.phases == ("images",)
    assert {image.name: image.phase for image in plan.images} == {"web": "images", "api": "images"}
    assert [(group.name, group.targets) for group in plan.groups] == [("images", ("api", "web"))]


def test_a_phase_may_be_left_out_where_the_project_names_one(tmp_path: Path) -> None:
    project = project_py().replace(', Phase(name="last")', ",")

    (web,) = plan_project(write_project(tmp_path, {"web": NO_PHASE}, project=project)).images

    assert web.phase == "first"


def test_a_phase_may_not_be_left_out_where_the_project_has_several(tmp_path: Path) -> None:
    assert told(tmp_path, NO_PHASE) == [
        (
            "components/web/component.py:3: phase: is missing, and the project has several phases",
            "write one of them: first, last",
        )
    ]


def test_no_phases_at_all_is_a_mistake(tmp_path: Path) -> None:
    project = ONE_PHASE.removesuffix(")\n") + "    phases=[],\n)\n"

    assert told(tmp_path, WEB, project) == [("components/project.py:8: phases: must not be empty", "")]


def test_an_image_that_is_called_as_the_phase_that_nobody_named_learns_whose_name_that_is(tmp_path: Path) -> None:
    component = NO_PHASE.replace('"web"', '"images"')
    both = "'images' is an image of web, and also the phase of a project without phases"

    assert told(tmp_path, component, ONE_PHASE) == [
        (f"components/web/component.py:5: name: {both}", "rename one of them")
    ]
