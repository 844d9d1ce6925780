"""What every image is pushed to besides the first registry is a registry."""

from pathlib import Path

import pytest

from tests.unit.plan.check.written import PROJECT_LINE, component_py, told

WEB = component_py('name="web"')
HINT = "write a host, with a port and a path where there is one"


def test_texts_and_variables_that_are_registries_are_well(tmp_path: Path) -> None:
    project = 'also=["docker.io/acme", Var("MIRROR"), Join(Var("MIRROR"), "/team")]'

    assert told(tmp_path, WEB, project, 'variables=[Variable(name="MIRROR", default="r.test:5000")]') == []


@pytest.mark.parametrize(
    ("default", "shown"),
    [("''", "''"), ("'no registry'", "'no registry'"), ("None", "None"), ("['a']", "None"), ("'UPPER/Case'", None)],
)
def test_a_variable_whose_default_is_no_registry_is_told_once(tmp_path: Path, default: str, shown: str | None) -> None:
    written = component_py('name="web"', 'name="api"')

    found = told(tmp_path, written, 'also=[Var("V")]', f'variables=[Variable(name="V", default={default})]')

    shown = shown or default
    assert found == [
        (f"{PROJECT_LINE}: also: with the variables' defaults the registry is {shown}, which is not a registry", HINT)
    ]


@pytest.mark.parametrize("value", ["Expr('upper(TAG)')", "Join(Expr('lower(TAG)'), '.test')"])
def test_raw_hcl_is_refused_for_bakec_asks_the_registry_itself(tmp_path: Path, value: str) -> None:
    ((problem, hint),) = told(tmp_path, WEB, f"also=[{value}]")

    assert problem == f"{PROJECT_LINE}: also: Expr in a registry: bakec asks the registry itself and must know its name"
    assert hint == "write Var or Join"


def test_a_variable_that_is_not_declared_is_told_once_and_in_the_project(tmp_path: Path) -> None:
    written = component_py('name="web"', 'name="api"')

    found = told(tmp_path, written, 'also=[Var("MIROR")]', 'variables=[Variable(name="MIRROR", default="r.test")]')

    assert found == [(f"{PROJECT_LINE}: also: unknown variable 'MIROR'", "did you mean 'MIRROR'?")]


@pytest.mark.parametrize("text", ["'has space/x'", "''", "'r.test:99999'", "3"])
def test_a_text_that_is_no_registry_is_told_where_it_is_written(tmp_path: Path, text: str) -> None:
    ((problem, _),) = told(tmp_path, WEB, f"also=[{text}]")

    assert problem.startswith(f"{PROJECT_LINE}: also")
