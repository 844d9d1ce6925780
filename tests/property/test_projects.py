"""A generated project's file means to the real buildx what its plan means, in the oldest and the newest of them."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from bake_compiler import Phase
from bake_compiler.bakefile.render import render
from bake_compiler.plan import make_plan
from bake_compiler.project.files import template
from tests.fakes.projects import Generated, normal, projects
from tests.fakes.reading import BUILDX, difference

TEMPLATE = template(Path(__file__).parents[2])


@pytest.mark.buildx
@pytest.mark.parametrize("which", sorted(BUILDX))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(generated=projects())
def test_a_generated_project_means_the_same_to_buildx(
    which: str, generated: Generated, tmp_path_factory: pytest.TempPathFactory
) -> None:
    plan = make_plan(generated.stack)
    text = render(plan, TEMPLATE)
    if plan.oldest_buildx > BUILDX[which][0]:
        return
    directory = tmp_path_factory.mktemp("project")

    assert difference(plan, text, directory, which, {}) == ()
    assert difference(plan, text, directory, which, generated.overrides) == ()


@pytest.mark.parametrize("text", ["\ufe20", "\u0301\u0302a", "e\u0301", "\u0344", "plain"])
def test_a_text_of_the_generator_is_one_that_a_model_takes(text: str) -> None:
    assert Phase(name="base", description=normal(text)).description == normal(text)
