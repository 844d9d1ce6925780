"""Which images take the time of a commit into their steps."""

from pathlib import Path

import pytest

from bake_compiler.plan.dated import gives_epoch, takes_epoch
from bake_compiler.project.loader import read_inputs
from bake_compiler.project.planned import plan_project
from tests.fakes.project import component, write, write_project

ASKS = "FROM a\nARG SOURCE_DATE_EPOCH\nRUN make\n"


@pytest.mark.parametrize(
    ("dockerfile", "image", "asks"),
    [
        ("FROM a\nWORKDIR /src\nRUN make\n", "", False),
        (ASKS, "", True),
        ("ARG SOURCE_DATE_EPOCH\nFROM a:$SOURCE_DATE_EPOCH\n", "", True),
        ("FROM a\nONBUILD ARG SOURCE_DATE_EPOCH\n", "", True),
        (f"{ASKS}FROM b AS other\n", ', stage="other"', True),
        ("FROM a\n", ', args={"SOURCE_DATE_EPOCH": Var("SOURCE_DATE_EPOCH")}', True),
        ("FROM a\n", ', args={"SOURCE_DATE_EPOCH": "0"}', True),
        ("FROM a\n", ', args={"BUILDKIT_SYNTAX": "else/where:1"}', True),
        ("# syntax=docker/dockerfile:1\nFROM a\n", "", False),
        ("# syntax=else/where:1\nFROM a\n", "", True),
        ("# syntax=else/where:1\nFROM a\nBUILD\n", "", True),
    ],
    ids=["no", "ARG", "global", "ONBUILD", "any stage", "variable", "fixed", "arg", "own", "foreign", "unreadable"],
)
def test_an_image_takes_the_time_where_it_asks_for_it_or_may_do_so(
    tmp_path: Path, dockerfile: str, image: str, *, asks: bool
) -> None:
    text = component(f'name="web"{image}').replace("Component, Image", "Component, Image, Var")
    write_project(tmp_path, {"web": text})
    write(tmp_path / "components/web/Dockerfile", dockerfile)
    plan = plan_project(tmp_path)
    inputs, _ = read_inputs(tmp_path, plan)

    given = "SOURCE_DATE_EPOCH" in image
    assert gives_epoch(plan, plan.image("web")) is given
    assert takes_epoch(plan, plan.image("web"), inputs.dockerfiles) is asks
