"""The slices of a large bake file: what each image's build is given."""

from dataclasses import replace
from pathlib import Path

import jinja2
import pytest

from bake_compiler.bakefile.render import compiled
from bake_compiler.plan import Plan, PlannedImage
from bake_compiler.project.planned import plan_project
from bake_compiler.verbs.compile.run import compile_plan, compile_slice

ROOT = Path(__file__).parents[3]
PROJECTS = [ROOT, *sorted(path.parent for path in (ROOT / "tests/golden").glob("*/components"))]


def alone(plan: Plan, image: PlannedImage) -> str:
    """The slice of one image as a process that has rendered nothing else writes it."""
    compiled.cache_clear()
    return compile_slice(ROOT, plan, [image])


@pytest.mark.parametrize("root", PROJECTS, ids=lambda root: root.name)
def test_a_slice_is_the_same_bytes_whatever_was_rendered_before(root: Path) -> None:
    plan = plan_project(root)
    fresh = [alone(plan, image) for image in plan.images]
    compile_plan(ROOT, replace(plan, oldest_buildx=(0, 13)))
    compile_plan(ROOT, replace(plan, oldest_buildx=(0, 25)))

    assert [compile_slice(ROOT, plan, [image]) for image in plan.images] == fresh


def test_the_template_is_compiled_once_for_all_slices_of_a_build(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_project(ROOT)
    sources: list[str] = []
    real = jinja2.Environment.from_string

    def from_string(self: jinja2.Environment, source: str) -> jinja2.Template:
        sources.append(source)
        return real(self, source)

    monkeypatch.setattr(jinja2.Environment, "from_string", from_string)
    compiled.cache_clear()
    for image in plan.images:
        compile_slice(ROOT, plan, [image])

    assert len(sources) == 1
