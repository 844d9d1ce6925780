"""Needs, inheritance and groups: no way round, no phase that comes too late, no platform that is not there."""

from pathlib import Path

import pytest

from tests.unit.plan.check.written import (
    COMPONENT,
    COMPONENT_LINE,
    IMAGE_LINE,
    PROJECT_LINE,
    component_py,
    mistakes,
    told,
)

X86 = 'platforms=Only(platforms=["amd64"], reason="x86 only")'
ARM = 'platforms=Only(platforms=["arm64"], reason="arm only")'
WEB = component_py('name="web"')
DEV = 'variants=[Variant(name="dev", images=["web", "hub"])]'


def test_a_cycle_of_needs_is_told_on_the_line_of_the_first_edge(tmp_path: Path) -> None:
    components = {"a": component_py('name="a",\n              needs=["b"]'), "b": component_py('name="b", needs=["a"]')}

    assert told(tmp_path, components) == [("components/a/component.py:7: needs: a cycle: a → b → a", "drop one edge")]


def test_an_image_that_needs_itself_is_a_cycle(tmp_path: Path) -> None:
    assert told(tmp_path, component_py('name="web", needs=["web"]')) == [
        (f"{IMAGE_LINE}: needs: a cycle: web → web", "drop one edge")
    ]


def test_a_linked_context_closes_a_cycle_as_a_need_does(tmp_path: Path) -> None:
    written = component_py('name="web", contexts={"x": "target:hub"}', 'name="hub", needs=["web"]')

    (problem,) = mistakes(tmp_path, written)

    assert problem.message == "a cycle: hub → web → hub"


@pytest.mark.parametrize(
    ("targets", "cycle"),
    [
        ('Target(name="_a", inherits=["_a"])', "_a → _a"),
        ('Target(name="_a", inherits=["_b"]), Target(name="_b", inherits=["_a"])', "_a → _b → _a"),
    ],
)
def test_a_cycle_of_inheritance_is_told_once_with_its_way_round(tmp_path: Path, targets: str, cycle: str) -> None:
    written = component_py('name="web"', more='inherits=["_a"]')

    assert told(tmp_path, written, f"targets=[{targets}]") == [
        (f"{PROJECT_LINE}: inherits: a cycle: {cycle}", "drop one edge")
    ]


@pytest.mark.parametrize(
    ("groups", "cycle"),
    [
        ('Group(name="g", members=["web", "g"])', "g → g"),
        ('Group(name="g", members=["h", "web"]), Group(name="h", members=["g"])', "g → h → g"),
    ],
)
def test_a_cycle_of_groups_is_told_once_with_its_way_round(tmp_path: Path, groups: str, cycle: str) -> None:
    assert told(tmp_path, WEB, f"groups=[{groups}]") == [
        (f"{PROJECT_LINE}: members: a cycle: {cycle}", "drop one edge")
    ]


def test_a_diamond_is_no_cycle(tmp_path: Path) -> None:
    targets = 'targets=[Target(name="_a"), Target(name="_b", inherits=["_a"]), Target(name="_c", inherits=["_a"])]'

    assert told(tmp_path, component_py('name="web"', more='inherits=["_b", "_c"]'), targets) == []


def test_a_cycle_that_only_a_variant_has_is_told_at_one_of_its_needs(tmp_path: Path) -> None:
    written = component_py('name="web"', 'name="hub", needs=["web"]')
    variant = 'variants=[Variant(name="dev", images=["web", "hub"], needs=["hub"])]'

    assert told(tmp_path, written, variant) == [
        (f"{PROJECT_LINE}: needs: a cycle: hub-dev → web-dev → hub-dev", "drop one edge")
    ]


def test_an_image_that_needs_itself_in_a_variant_is_told(tmp_path: Path) -> None:
    written = component_py('name="web", variants={"dev": Change(needs=["web"])}')

    assert mistakes(tmp_path, written, 'variants=[Variant(name="dev")]') != ()


@pytest.mark.parametrize(
    ("written", "place"),
    [
        (component_py('name="web", needs=["hub"]'), f"{IMAGE_LINE}: needs"),
        (component_py('name="web"', more='needs=["hub"]'), f"{COMPONENT_LINE}: needs"),
    ],
)
def test_a_phase_that_comes_before_what_it_needs_is_told_where_the_need_is(
    tmp_path: Path, written: str, place: str
) -> None:
    assert told(tmp_path, {"web": written, "hub": component_py('name="hub"', phase="last")}) == [
        (
            f"{place}: web of phase first needs hub of the later phase last",
            "move one of them, or change the order of the phases",
        )
    ]


def test_a_need_within_a_phase_or_of_an_earlier_one_is_no_mistake(tmp_path: Path) -> None:
    components = {
        "hub": component_py('name="hub"'),
        "web": component_py('name="web", needs=["hub"]', phase="last"),
        "api": component_py('name="api", needs=["web"]', phase="last"),
    }

    assert told(tmp_path, components) == []


def test_a_platform_that_the_project_does_not_have_is_told(tmp_path: Path) -> None:
    only = 'platforms=Only(platforms=["amd64", "riscv64"], reason="new")'

    assert told(tmp_path, component_py(f'name="web", {only}')) == [
        (
            f"{IMAGE_LINE}: platforms: linux/riscv64 is not a platform of the project",
            "add it there, or drop it here",
        )
    ]


@pytest.mark.parametrize("buildx", [">=0.13", ">=0.25"])
@pytest.mark.parametrize("own", ["", ARM])
def test_a_linked_image_that_lacks_a_platform_is_a_mistake_for_any_buildx(
    tmp_path: Path, buildx: str, own: str
) -> None:
    written = component_py(f'name="web", needs=["hub"], {own}', f'name="hub", {X86}')

    assert told(tmp_path, written, f'buildx="{buildx}"') == [
        (
            f"{IMAGE_LINE}: needs: web is built for linux/arm64, but hub, which it needs, is not",
            "give hub the platform, or take it from web",
        )
    ]


def test_a_linked_image_that_lacks_a_platform_is_told_for_each_of_its_users(tmp_path: Path) -> None:
    written = component_py('name="web", needs=["hub"]', 'name="api", needs=["hub"]', f'name="hub", {X86}')

    assert [(problem.line, problem.message.partition(" ")[0]) for problem in mistakes(tmp_path, written)] == [
        (6, "web"),
        (7, "api"),
    ]


@pytest.mark.parametrize("buildx", [">=0.13", ">=0.19.9"])
def test_a_linked_image_with_more_platforms_is_a_mistake_before_buildx_0_20(tmp_path: Path, buildx: str) -> None:
    written = component_py(f'name="web", needs=["hub"], {X86}', 'name="hub"')

    why = "before buildx 0.20 both must have the same platforms"

    assert told(tmp_path, written, f'buildx="{buildx}"') == [
        (
            f"{IMAGE_LINE}: needs: hub is built for linux/arm64 too: {why}",
            'write Project(buildx=">=0.20"), or give both the same',
        )
    ]


@pytest.mark.parametrize("buildx", [">=0.20", ">=0.20.1", ">=1.0"])
def test_a_linked_image_may_have_more_platforms_from_buildx_0_20(tmp_path: Path, buildx: str) -> None:
    written = component_py(f'name="web", needs=["hub"], {X86}', 'name="hub"')

    assert told(tmp_path, written, f'buildx="{buildx}"') == []


def test_two_exceptions_with_the_same_platforms_fit(tmp_path: Path) -> None:
    assert told(tmp_path, component_py(f'name="web", needs=["hub"], {X86}', f'name="hub", {X86}')) == []


def test_a_variant_has_the_exceptions_of_what_it_varies(tmp_path: Path) -> None:
    written = component_py('name="web", variants={"dev": Change(needs=["hub"])}', f'name="hub", {X86}')

    assert told(tmp_path, written, 'variants=[Variant(name="dev")]') == [
        (
            f"{COMPONENT}:6: needs: web-dev is built for linux/arm64, but hub, which it needs, is not",
            "give hub the platform, or take it from web-dev",
        )
    ]
