"""Nothing newer than the oldest buildx that the project supports, which would drop it in silence."""

from pathlib import Path

import pytest

from tests.unit.plan.check.written import LEVELS, PROJECT_LINE, component_py, mistakes, said_at, told

NEWER = [
    ('call="check"', "0.16"),
    ('entitlements=["network.host"]', "0.17"),
    ('network="none"', "0.17"),
    ('extra_hosts={"db": "10.0.0.1"}', "0.25"),
]
OF_VARIABLES = [
    ('validation=[Validation(condition=Expr("true"), error="no")]', "0.19"),
    ('type="string"', "0.24"),
]
WEB = component_py('name="web"')


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("field", "since"), NEWER)
def test_a_field_that_came_later_is_told_at_every_level(tmp_path: Path, level: str, field: str, since: str) -> None:
    written, project, place = said_at(level, field)

    assert told(tmp_path, written, *project) == [
        (
            f"{place}: {field.partition('=')[0]}: needs buildx {since}, and the project supports >=0.13",
            f'write Project(buildx=">={since}"), or leave it out',
        )
    ]


@pytest.mark.parametrize(("field", "since"), OF_VARIABLES)
def test_a_field_of_a_variable_that_came_later_is_told(tmp_path: Path, field: str, since: str) -> None:
    assert told(tmp_path, WEB, f'variables=[Variable(name="V", default="", {field})]') == [
        (
            f"{PROJECT_LINE}: {field.partition('=')[0]}: needs buildx {since}, and the project supports >=0.13",
            f'write Project(buildx=">={since}"), or leave it out',
        )
    ]


@pytest.mark.parametrize(("field", "since"), NEWER)
def test_a_field_is_allowed_from_its_buildx_on(tmp_path: Path, field: str, since: str) -> None:
    assert told(tmp_path, component_py(f'name="web", {field}'), f'buildx=">={since}"') == []


@pytest.mark.parametrize(("field", "since"), NEWER)
def test_the_last_patch_of_the_release_before_does_not_have_it(tmp_path: Path, field: str, since: str) -> None:
    before = f"0.{int(since.removeprefix('0.')) - 1}.9"

    assert len(mistakes(tmp_path, component_py(f'name="web", {field}'), f'buildx=">={before}"')) == 1


def test_a_description_is_a_comment_in_an_old_file_and_no_mistake(tmp_path: Path) -> None:
    assert told(tmp_path, WEB, 'variables=[Variable(name="V", default="", description="what for")]') == []


@pytest.mark.parametrize("bound", ["0.17", "==0.17", ">=new", ""])
def test_what_is_no_lower_bound_is_told(tmp_path: Path, bound: str) -> None:
    assert [str(problem) for problem in mistakes(tmp_path, WEB, f'buildx="{bound}"')] == [
        f"{PROJECT_LINE}: buildx: '{bound}' is not a lower bound such as '>=0.13'"
    ]
