"""Every check has its say in one run, and the author reads it in order."""

from pathlib import Path

import pytest

from bake_compiler.errors import ModelError
from bake_compiler.project.planned import plan_project
from tests.unit.plan.check.written import component_py, mistakes, project_py

COMPONENTS = {
    "web": component_py('name="web", needs=["api", "hup"]', 'name="last"', more='args={"TOKEN": "abc"}'),
    "api": component_py('name="api", stage="ap", network="none"', phase="last"),
    "hub": component_py('name="hub", labels={"a": Var("NONE")}, secret=[Secret(id="a"), Secret(id="a")]'),
}
PROJECT = project_py('variables=[Variable(name="REVISION")]', 'targets=[Target(name="_a", inherits=["_a"])]')
FILES = {"components/web/Dockerfile": "FROM busybox\nARG TOKEN=\nARG NEEDED\nENV PASSWORD=abc\n"}


def test_mistakes_of_every_kind_in_every_file_are_told_at_once_by_file_and_line(tmp_path: Path) -> None:
    found = mistakes(tmp_path, COMPONENTS, PROJECT, files=FILES)

    assert [f"{problem.file}:{problem.line} {problem.field}".strip() for problem in found] == [
        "components/api/component.py:6 network",
        "components/api/component.py:6 stage",
        "components/hub/component.py:6 labels.a",
        "components/hub/component.py:6 secret",
        "components/project.py:9 name",
        "components/project.py:10 inherits",
        "components/web/Dockerfile:3",
        "components/web/Dockerfile:3",
        "components/web/Dockerfile:4",
        "components/web/component.py:5 args.TOKEN",
        "components/web/component.py:7 needs",
        "components/web/component.py:7 needs",
        "components/web/component.py:8 name",
    ]


def test_what_to_do_is_said_for_each_of_them(tmp_path: Path) -> None:
    assert all(problem.hint for problem in mistakes(tmp_path, COMPONENTS, PROJECT, files=FILES))


def test_the_error_that_carries_them_counts_them_and_says_that_nothing_happened(tmp_path: Path) -> None:
    mistakes(tmp_path, COMPONENTS, PROJECT, files=FILES)

    with pytest.raises(ModelError, match=r"^13 mistakes in components/$") as caught:
        plan_project(tmp_path)

    assert (caught.value.hint, caught.value.exit_code) == ("nothing was written or built", 3)


def test_the_same_project_gives_the_same_mistakes_in_the_same_order(tmp_path: Path) -> None:
    first = mistakes(tmp_path / "a", COMPONENTS, PROJECT, files=FILES)
    again = mistakes(tmp_path / "b", dict(reversed(COMPONENTS.items())), PROJECT, files=FILES)

    assert first == again


def test_a_mistake_that_many_images_share_is_told_once(tmp_path: Path) -> None:
    images = [f'name="web-{number}"' for number in range(20)]

    assert len(mistakes(tmp_path, component_py(*images, more='needs=["hub"]'))) == 1


def test_a_model_that_is_wrong_by_itself_is_told_before_anything_is_held_against_another(tmp_path: Path) -> None:
    components = {"web": component_py('name="Web"'), "api": component_py('name="api", needs=["hub"]')}

    assert [problem.field for problem in mistakes(tmp_path, components)] == ["name"]
