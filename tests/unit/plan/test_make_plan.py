from pathlib import Path
from typing import Any, Literal

import pytest

from bake_compiler import Component, Image, Only, Phase, Platform, Project
from bake_compiler.model import Mistake, Stack
from bake_compiler.plan import Plan, make_plan, select
from bake_compiler.plan.check import Inputs, PlanSubject, check_all
from bake_compiler.project.planned import plan_project

ROOT = Path(__file__).parents[3]
AMD64, ARM64 = Platform.parse("amd64"), Platform.parse("arm64")


def stack_of(*phases: str, **components: Component) -> Stack:
    project = Project(
        name="acme",
        registry="r.test/team/",
        repository="team-{image}",
        tag="1.0",
        platforms=(ARM64, AMD64),
        phases=tuple(Phase(name=name) for name in phases or ("first", "last")),
        labels={"b": "2", "a": "1"},
    )
    return Stack(project, components)


def component(*images: Image | str, phase: str = "first", needs: tuple[str, ...] = ()) -> Component:
    made = tuple(image if isinstance(image, Image) else Image(name=image) for image in images)
    return Component(phase=phase, images=made, needs=needs)


def check(stack: Stack) -> list[Mistake]:
    return list(check_all(PlanSubject(stack, make_plan(stack), Inputs())))


def mistakes(stack: Stack) -> list[tuple[str, str]]:
    return [(mistake.field, mistake.message) for mistake in check(stack)]


@pytest.fixture(scope="module")
def reference_stack() -> Plan:
    return plan_project(ROOT)


def test_the_reference_stack_has_12_components_13_images_and_26_cells(reference_stack: Plan) -> None:
    assert len({image.component for image in reference_stack.images}) == 12
    assert len(reference_stack.images) == 13
    assert len(select(reference_stack, ()).cells) == 26


def test_a_component_with_two_images_gives_two_targets_and_a_group_of_both(reference_stack: Plan) -> None:
    assert [image.name for image in reference_stack.images if image.component == "backend"] == [
        "backend",
        "backend-init",
    ]
    groups = {group.name: group.targets for group in reference_stack.groups}
    assert groups["backend-all"] == ("backend", "backend-init")


def test_a_phase_without_images_has_no_group(reference_stack: Plan) -> None:
    assert reference_stack.phases[0] == "dependencies"
    assert [group.name for group in reference_stack.groups] == ["foundation", "dependent", "backend-all"]


def test_images_are_in_order_of_phase_then_component_then_name() -> None:
    stack = stack_of(z=component("z2", "z1"), a=component("a", phase="last"), m=component("m"))

    assert [image.name for image in make_plan(stack).images] == ["m", "z1", "z2", "a"]


def test_an_image_inherits_from_its_component_and_wins_over_it() -> None:
    image = Image(name="web", description="mine", args={"B": "image"}, labels={"l": "image"}, needs=("x",))
    shared = Component(
        phase="first",
        images=(image, Image(name="x", platforms=Only(platforms=(AMD64,), reason="x86 only"))),
        description="shared",
        args={"B": "component", "A": "component"},
        labels={"k": "component"},
        needs=("x",),
    )

    plan = make_plan(stack_of(web=shared))

    web, x = plan.image("web"), plan.image("x")
    assert web.attributes["args"] == {"A": "component", "B": "image"}
    assert web.attributes["labels"] == {
        "k": "component",
        "l": "image",
        "org.opencontainers.image.description": "mine",
        "org.opencontainers.image.title": "web",
    }
    assert (web.description, x.description) == ("mine", "shared")
    assert (web.needs, web.attributes["contexts"]) == (("x",), {"x": "target:x"})
    assert x.needs == ()
    assert (web.platforms, x.platforms, x.only_reason) == ((AMD64, ARM64), (AMD64,), "x86 only")
    assert list(map(str, web.references({"REGISTRY": "r.test/team", "TAG": "9"}))) == ["r.test/team/team-web:9"]


@pytest.mark.parametrize(
    ("relative_to", "context", "dockerfile", "planned"),
    [
        ("component", ".", "Dockerfile", ("components/web", "Dockerfile")),
        ("component", "src", "Dockerfile", ("components/web/src", "../Dockerfile")),
        ("component", ".", "build/prod.Dockerfile", ("components/web", "build/prod.Dockerfile")),
        ("project", ".", "docker/web", (".", "docker/web")),
        ("project", "app/web", "docker/web", ("app/web", "../../docker/web")),
    ],
)
def test_paths_become_a_context_in_the_project_and_a_dockerfile_relative_to_it(
    relative_to: Literal["component", "project"], context: str, dockerfile: str, planned: tuple[str, str]
) -> None:
    web = Component(
        phase="first",
        images=(Image(name="web"),),
        relative_to=relative_to,
        context=context,
        dockerfile=dockerfile,
    )

    image = make_plan(stack_of(web=web)).image("web")

    assert (image.attributes["context"], image.attributes["dockerfile"]) == planned


def test_the_order_and_repetition_of_the_projects_platforms_and_labels_does_not_matter() -> None:
    plan = make_plan(stack_of(web=component("web")))

    assert plan.platforms == (AMD64, ARM64)
    labels = plan.common.attributes["labels"]
    assert isinstance(labels, dict)
    assert labels.keys() >= {"a", "b"}
    assert plan.defaults["REGISTRY"] == "r.test/team"


def test_a_sound_stack_has_no_mistakes() -> None:
    assert mistakes(stack_of(hub=component("hub"), web=component("web", "web-init", needs=("hub",)))) == []


@pytest.mark.parametrize(
    ("components", "message"),
    [
        ({"a": component("web"), "b": component("web")}, "'web' is an image of b, and also an image of a"),
        ({"a": component("first")}, "'first' is an image of a, and also a phase"),
        ({"a": component("default")}, "'default' is an image of a, and also bake's group of everything"),
        ({"a": component("x", "y"), "b": component("a")}, "'a' is the group of a, and also an image of b"),
        (
            {"a": component("a", "y"), "b": component("a-all")},
            "'a-all' is the group of a, and also an image of b",
        ),
        ({"last": component("x", "y")}, "'last' is the group of last, and also a phase"),
        ({"last": component("x")}, "the folder's name 'last' is also a phase"),
    ],
)
def test_one_name_can_not_be_two_things(components: dict[str, Component], message: str) -> None:
    assert message in [text for _, text in mistakes(stack_of(**components))]


def test_a_component_may_be_called_like_its_image_and_like_no_phase() -> None:
    assert mistakes(stack_of(web=component("web", "web-init"), api=component("api"))) == []


def test_an_unknown_phase_and_an_unknown_need_are_both_told() -> None:
    found = check(stack_of(a=component("web", phase="frist"), b=component("api", needs=("wep",))))

    assert [(each.field, each.message, each.hint) for each in found] == [
        ("phase", "unknown phase 'frist'", "did you mean 'first'?"),
        ("needs", "unknown image 'wep'", "did you mean 'web'?"),
    ]


def test_a_cycle_is_told_with_its_way_round() -> None:
    stack = stack_of(a=component("a", needs=("b",)), b=component("b", needs=("c",)), c=component("c", needs=("a",)))

    assert mistakes(stack) == [("needs", "a cycle: a → b → c → a")]


def test_every_cycle_is_told_once() -> None:
    pairs = {name: component(name, needs=(need,)) for name, need in ("ab", "ba", "cd", "dc", "ea")}

    assert mistakes(stack_of(**pairs)) == [("needs", "a cycle: a → b → a"), ("needs", "a cycle: c → d → c")]


def test_an_image_that_needs_itself_is_a_cycle() -> None:
    stack = stack_of(a=component(Image(name="a", needs=("a",))))

    assert mistakes(stack) == [("needs", "a cycle: a → a")]


def test_a_chain_of_two_thousand_needs_is_no_cycle() -> None:
    chain = {f"i{n}": component(f"i{n}", needs=(f"i{n + 1}",) if n < 1999 else ()) for n in range(2000)}

    assert [each for each in check(stack_of(**chain)) if each.field == "needs"] == []


def test_an_exception_can_not_add_a_platform() -> None:
    riscv = Only(platforms=(AMD64, Platform.parse("riscv64")), reason="new")

    assert mistakes(stack_of(a=component(Image(name="a", platforms=riscv)))) == [
        ("platforms", "linux/riscv64 is not a platform of the project")
    ]


def test_a_need_must_be_built_for_every_platform_of_its_user() -> None:
    hub = Image(name="hub", platforms=Only(platforms=(AMD64,), reason="x86 only"))

    found = mistakes(stack_of(hub=component(hub), web=component("web", needs=("hub",))))

    assert found == [("needs", "web is built for linux/arm64, but hub, which it needs, is not")]


@pytest.mark.parametrize(("field", "path"), [("context", "../../.."), ("dockerfile", "../../../Dockerfile")])
def test_nothing_outside_of_the_project_is_built(field: str, path: str) -> None:
    place: dict[str, Any] = {field: path}
    web = Component(phase="first", images=(Image(name="web"),), **place)

    (found,) = mistakes(stack_of(web=web))

    assert found[0] == field
    assert found[1].endswith("is outside the project")


def test_the_dockerfile_of_an_image_can_not_be_outside_of_the_project_either() -> None:
    stack = stack_of(web=component(Image(name="web", dockerfile="../../../Dockerfile")))

    (found,) = mistakes(stack)

    assert found == ("dockerfile", "../Dockerfile is outside the project")


def test_all_mistakes_of_all_kinds_are_told_at_once() -> None:
    stack = stack_of(a=component("web", phase="no", needs=("no",)), b=component("web", "first"))

    found: list[Mistake] = check(stack)

    assert [each.field for each in found] == ["phase", "needs", "name", "name"]
