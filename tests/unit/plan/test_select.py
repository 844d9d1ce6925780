from collections.abc import Iterable
from pathlib import Path

import pytest

from bake_compiler import Component, Image, Join, Only, Phase, Platform, Project, Var, Variable
from bake_compiler.errors import UsageError
from bake_compiler.model import Stack
from bake_compiler.oci.reference import Reference
from bake_compiler.plan import Cell, Exclusion, Plan, make_plan, select

ROOT = Path(__file__).parents[3]
AMD64, ARM64, RISCV = map(Platform.parse, ("amd64", "arm64", "riscv64"))
X86 = Only(platforms=(AMD64,), reason="upstream has no arm64")


@pytest.fixture
def plan() -> Plan:
    project = Project(
        name="acme",
        registry="r.test",
        tag="1.0",
        platforms=(AMD64, ARM64),
        phases=(Phase(name="first"), Phase(name="last"), Phase(name="empty")),
    )
    components = {
        "hub": Component(phase="first", images=(Image(name="hub"),)),
        "backend": Component(phase="last", images=(Image(name="backend"), Image(name="backend-init"))),
        "old": Component(phase="last", images=(Image(name="legacy"),), platforms=X86),
    }
    return make_plan(Stack(project, components))


def names(plan: Plan, *selectors: str) -> list[str]:
    return [image.name for image in select(plan, selectors).images]


@pytest.mark.parametrize(
    ("selectors", "images"),
    [
        ((), ["hub", "backend", "backend-init", "legacy"]),
        (("all",), ["hub", "backend", "backend-init", "legacy"]),
        (("last",), ["backend", "backend-init", "legacy"]),
        (("backend",), ["backend", "backend-init"]),
        (("backend/backend",), ["backend"]),
        (("backend-init",), ["backend-init"]),
        (("legacy", "hub"), ["hub", "legacy"]),
        (("old",), ["legacy"]),
        (("hub", "first", "hub"), ["hub"]),
    ],
)
def test_a_selector_is_all_a_phase_a_component_or_an_image(
    plan: Plan, selectors: tuple[str, ...], images: list[str]
) -> None:
    assert names(plan, *selectors) == images


def test_the_cells_are_images_times_platforms_and_excluded_ones_have_their_reason(plan: Plan) -> None:
    wanted = select(plan, ())

    assert len(wanted.cells) == 7
    assert wanted.excluded == (Exclusion(Cell("legacy", ARM64), "upstream has no arm64"),)
    assert len(wanted.cells) + len(wanted.excluded) == 4 * 2


def test_an_image_with_no_platform_left_is_excluded_and_not_forgotten(plan: Plan) -> None:
    wanted = select(plan, ("old",), platforms=(ARM64,))

    assert wanted.images == ()
    assert [str(each.cell) for each in wanted.excluded] == ["legacy linux/arm64"]


def test_platforms_narrow_each_image_in_a_fixed_order(plan: Plan) -> None:
    assert select(plan, ("hub",), platforms=(ARM64, AMD64, ARM64)).cells == (Cell("hub", AMD64), Cell("hub", ARM64))
    assert select(plan, ("hub",), platforms=(ARM64,)).cells == (Cell("hub", ARM64),)


def test_a_platform_that_the_project_does_not_declare_is_refused_with_those_it_does(plan: Plan) -> None:
    with pytest.raises(UsageError, match="acme is not built for linux/riscv64") as caught:
        select(plan, (), platforms=(AMD64, RISCV))

    assert caught.value.hint == "the project declares linux/amd64, linux/arm64"


@pytest.mark.parametrize(
    ("selector", "hint"),
    [
        ("backnd", "did you mean 'backend'?"),
        ("frist", "did you mean 'first'?"),
        ("al", "did you mean 'all'?"),
        ("zzzzz", "known are all, backend, backend-all, backend-init, first, hub, last, legacy, old"),
        ("backend/legacy", ""),
        ("", ""),
        ("backend/", ""),
    ],
)
def test_a_selector_that_selects_nothing_is_an_error_with_a_hint(plan: Plan, selector: str, hint: str) -> None:
    with pytest.raises(UsageError, match="no phase, component or image is called") as caught:
        select(plan, (selector,))

    assert caught.value.hint
    assert hint in caught.value.hint


def test_one_wrong_selector_among_good_ones_is_an_error(plan: Plan) -> None:
    with pytest.raises(UsageError):
        select(plan, ("hub", "nope"))


def test_a_phase_without_images_says_so(plan: Plan) -> None:
    with pytest.raises(UsageError, match="phase 'empty' has no images"):
        select(plan, ("empty",))


def test_registry_and_tag_are_the_projects_unless_given(plan: Plan) -> None:
    own = select(plan, ("hub",))
    given = select(plan, ("hub",), registry="other.test/x", tag="v2")

    assert str(own.reference(own.images[0])) == "r.test/hub:1.0"
    assert str(given.reference(given.images[0])) == "other.test/x/hub:v2"


# Several registries, and tags of single platforms.


def mirrored(*, architecture_tags: bool = False) -> Plan:
    project = Project(
        name="acme",
        registry="r.test/team/",
        tag="1.0",
        platforms=(AMD64, Platform.parse("arm/v7")),
        phases=(Phase(name="first"),),
        variables=(Variable(name="MIRROR", default="m.test"),),
        also=("docker.io/acme/", Join(Var("MIRROR"), "/team")),
        architecture_tags=architecture_tags,
    )
    return make_plan(Stack(project, {"web": Component(phase="first", images=(Image(name="web", tags=TAGS),))}))


TAGS = (Var("TAG"), "latest")


def texts(references: Iterable[Reference]) -> list[str]:
    return list(map(str, references))


def test_all_tags_are_in_each_registry_those_of_the_first_come_first() -> None:
    wanted = select(mirrored(), [])

    assert texts(wanted.references(wanted.images[0])) == [
        "r.test/team/web:1.0",
        "r.test/team/web:latest",
        "docker.io/acme/web:1.0",
        "docker.io/acme/web:latest",
        "m.test/team/web:1.0",
        "m.test/team/web:latest",
    ]
    assert wanted.architecture_references(wanted.images[0]) == {}


def test_a_variable_says_where_a_mirror_is_and_one_that_is_the_same_registry_counts_once() -> None:
    wanted = select(mirrored(), [], registry="x.test/team", variables={"MIRROR": "x.test"})

    assert texts(wanted.references(wanted.images[0])) == [
        "x.test/team/web:1.0",
        "x.test/team/web:latest",
        "docker.io/acme/web:1.0",
        "docker.io/acme/web:latest",
    ]


def test_a_mirror_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match=r"--var: .no registry/team/web:1") as caught:
        select(mirrored(), [], variables={"MIRROR": "no registry"})

    assert caught.value.hint == "web is published under it"


def test_each_platform_has_its_own_tags_in_each_registry() -> None:
    wanted = select(mirrored(architecture_tags=True), [], platforms=[Platform.parse("arm/v7")])

    assert texts(wanted.architecture_references(wanted.images[0])) == [
        "r.test/team/web:1.0-arm-v7",
        "r.test/team/web:latest-arm-v7",
        "docker.io/acme/web:1.0-arm-v7",
        "docker.io/acme/web:latest-arm-v7",
        "m.test/team/web:1.0-arm-v7",
        "m.test/team/web:latest-arm-v7",
    ]


def test_a_tag_of_this_run_that_is_too_long_with_its_architecture_is_refused() -> None:
    plan = mirrored(architecture_tags=True)
    select(mirrored(), [], tag="x" * 127)

    with pytest.raises(UsageError, match="is not a tag"):
        select(plan, [], tag="x" * 127)


def test_a_tag_of_this_run_that_is_also_one_of_a_platform_is_refused() -> None:
    with pytest.raises(UsageError, match=r"web and web linux/amd64 would both be r\.test/team/web:latest-amd64"):
        select(mirrored(architecture_tags=True), [], tag="latest-amd64")
