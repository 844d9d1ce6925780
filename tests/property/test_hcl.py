"""Data stays data: whatever an author writes reaches the real buildx unchanged, and never changes the structure."""

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bake_compiler import Component, Image, Phase, Project
from bake_compiler.bakefile import parse
from bake_compiler.bakefile.render import quote, render
from bake_compiler.model import Stack
from bake_compiler.plan import make_plan
from bake_compiler.project.files import template
from tests.fakes.projects import texts
from tests.fakes.reading import BUILDX, difference

TEMPLATE = template(Path(__file__).parents[2])


def stack_of(components: dict[str, Component]) -> Stack:
    phases = (Phase(name="base"), Phase(name="top"))
    project = Project(name="p", registry="localhost", tag="1", platforms=("amd64", "arm64"), phases=phases)
    return Stack(project, components)


@pytest.mark.buildx
@pytest.mark.parametrize("which", sorted(BUILDX))
@settings(max_examples=20, deadline=None)
@given(st.lists(texts, min_size=40, max_size=60), texts)
def test_any_text_reaches_buildx_unchanged(which: str, values: list[str], description: str) -> None:
    named = {f"V{number}": text for number, text in enumerate(values)}
    image = Image(
        name="t", description=description, labels={f"l{key}": text for key, text in named.items()}, args=named
    )
    plan = make_plan(stack_of({"t": Component(phase="base", images=(image,))}))

    with TemporaryDirectory() as directory:
        assert difference(plan, render(plan, TEMPLATE), Path(directory), which, {}) == ()


@given(texts)
def test_a_quoted_text_is_one_line_and_means_the_text(text: str) -> None:
    literal = quote(text)

    assert len(literal.splitlines()) == 1
    assert parse._literal(literal) == text


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_declaration_never_changes_the_file(random: Random) -> None:
    images = [Image(name=name, labels={"z": "1", "a": "2"}) for name in ("one", "two", "three")]
    components = {
        "c": Component(phase="top", images=tuple(images), needs=("hub", "base")),
        "hub": Component(phase="base", images=(Image(name="hub"),)),
        "base": Component(phase="base", images=(Image(name="base"),)),
    }
    shuffled = list(components.items())
    random.shuffle(shuffled)
    random.shuffle(images)
    changed = dict(shuffled)
    changed["c"] = Component(phase="top", images=tuple(images), needs=("base", "hub"))

    assert render(make_plan(stack_of(changed)), TEMPLATE) == render(make_plan(stack_of(components)), TEMPLATE)
