"""What becomes of abstract targets, of an image in its variants, and of one with a matrix."""

from collections.abc import Sequence
from typing import Any

import pytest

from bake_compiler import (
    Cache,
    Change,
    Component,
    Group,
    Image,
    Join,
    Only,
    Phase,
    Platform,
    Project,
    Target,
    Var,
    Variant,
)
from bake_compiler.errors import UsageError
from bake_compiler.model import Stack
from bake_compiler.plan import Plan, make_plan, select
from bake_compiler.plan.check import Inputs, PlanSubject, check_all

AMD64 = Platform.parse("amd64")


def planned(*images: Image, component: dict[str, Any] | None = None, **project: Any) -> Plan:
    """The plan of a project with one component, without a mistake in it."""
    whole = Project(
        name="acme",
        registry="r.test",
        tag="1.0",
        platforms=("amd64", "arm64"),
        phases=(Phase(name="first"), Phase(name="last")),
        **project,
    )
    stack = Stack(whole, {"web": Component(phase="first", images=images, **(component or {}))})
    plan = make_plan(stack)
    assert list(check_all(PlanSubject(stack, plan, Inputs()))) == []
    return plan


def names(plan: Plan, *selectors: str) -> list[str]:
    return [image.name for image in select(plan, selectors).images]


def references(plan: Plan, image: str) -> list[str]:
    return list(map(str, plan.image(image).references(plan.defaults)))


def groups(plan: Plan) -> dict[str, tuple[str, ...]]:
    return {group.name: group.targets for group in plan.groups}


def dev(*images: str, **said: Any) -> tuple[Variant, ...]:
    return (Variant(name="dev", images=images, **said),)


# ---- variants: names, tags, settings ----


def test_an_image_of_a_variant_is_called_after_both_and_stands_behind_what_it_varies() -> None:
    plan = planned(Image(name="web"), Image(name="api"), variants=dev("web"))

    assert [(image.name, image.variant) for image in plan.images] == [("api", ""), ("web", ""), ("web-dev", "dev")]


def test_an_image_is_in_a_variant_by_the_variants_list_or_by_a_change_of_its_own() -> None:
    plan = planned(Image(name="web", variants={"dev": Change()}), Image(name="api"), Image(name="x"), variants=dev("x"))

    assert groups(plan)["dev"] == ("web-dev", "x-dev")


def test_a_variant_without_images_makes_no_group() -> None:
    assert "dev" not in groups(planned(Image(name="web"), variants=dev()))


def test_a_variant_is_pushed_to_its_images_repository_under_a_tag_with_its_name() -> None:
    plan = planned(Image(name="web"), repository="team/{image}", variants=dev("web"))

    assert references(plan, "web-dev") == ["r.test/team/web:1.0-dev"]


@pytest.mark.parametrize(
    ("image", "variant", "tags"),
    [
        ({"tags": ("latest", Var("TAG"))}, {}, ["latest-dev", "1.0-dev"]),
        ({"tags": (Join("v", Var("TAG")),)}, {}, ["v1.0-dev"]),
        ({}, {"suffix": ".acme_1"}, ["1.0.acme_1"]),
        ({"tags": ("latest",)}, {"tags": ("nightly",)}, ["nightly"]),
        ({"tags": ("latest",)}, {"tags": ("nightly",), "suffix": "-x"}, ["nightly"]),
        ({"variants": {"dev": Change(tags=("own", Join(Var("TAG"), "-own")))}}, {}, ["own", "1.0-own"]),
        ({"variants": {"dev": Change(tags=("own",))}}, {"tags": ("nightly",)}, ["own"]),
    ],
)
def test_a_variants_tags_are_its_changes_or_its_own_or_the_images_with_a_suffix(
    image: dict[str, Any], variant: dict[str, Any], tags: list[str]
) -> None:
    plan = planned(Image(name="web", **image), variants=dev("web", **variant))

    assert references(plan, "web-dev") == [f"r.test/web:{tag}" for tag in tags]


def test_a_variants_tag_follows_the_variable_that_its_images_tag_has() -> None:
    plan = planned(Image(name="web"), variants=dev("web"))

    assert str(select(plan, ["web-dev"], tag="v9").reference(plan.image("web-dev"))) == "r.test/web:v9-dev"


def test_a_change_wins_over_the_variant_and_the_variant_over_the_image() -> None:
    image = Image(
        name="web",
        args={"A": "image", "B": "image", "C": "image"},
        no_cache=False,
        variants={"dev": Change(args={"C": "change"}, pull=True)},
    )
    plan = planned(image, variants=dev(args={"B": "variant", "C": "variant"}, no_cache=True, pull=False))

    attributes = plan.image("web-dev").attributes
    assert attributes["args"] == {"A": "image", "B": "variant", "C": "change"}
    assert (attributes["no-cache"], attributes["pull"]) == (True, True)


def test_an_image_itself_knows_nothing_of_its_variants() -> None:
    image = Image(name="web", args={"A": "1"}, variants={"dev": Change(args={"A": "2"}, stage="debug")})

    attributes = planned(image, variants=dev()).image("web").attributes
    assert attributes["args"] == {"A": "1"}
    assert "target" not in attributes


def test_the_block_of_a_variant_inherits_its_images_and_says_only_what_differs() -> None:
    image = Image(name="web", args={"A": "1"}, variants={"dev": Change(stage="debug")})

    block = planned(image, variants=dev()).image("web-dev").block
    assert block.inherits == ("web",)
    assert set(block.attributes) == {"target", "tags"}


def test_a_change_may_take_another_dockerfile_stage_description_and_smoke_test() -> None:
    change = Change(dockerfile="dev.Dockerfile", stage="debug", description="with gdb", smoke=("gdb", "--version"))
    plan = planned(
        Image(name="web", description="plain", stage="app", context="src", smoke=("web",), variants={"dev": change}),
        variants=dev(),
    )

    web = plan.image("web-dev")
    labels = web.attributes["labels"]
    assert isinstance(labels, dict)
    assert (web.text("dockerfile"), web.text("target"), web.text("context")) == (
        "../dev.Dockerfile",
        "debug",
        "components/web/src",
    )
    assert labels["org.opencontainers.image.description"] == web.description == "with gdb"
    assert web.smoke == ("gdb", "--version")


def test_a_dockerfile_in_a_change_takes_the_place_of_an_inline_one() -> None:
    change = Change(dockerfile="dev.Dockerfile")
    plan = planned(Image(name="web", dockerfile_inline="FROM scratch\n", variants={"dev": change}), variants=dev())

    assert plan.image("web-dev").attributes.get("dockerfile-inline") in {None, ""}


def test_a_variant_keeps_the_exceptions_and_the_smoke_test_of_its_image() -> None:
    only = Only(platforms=(AMD64,), reason="x86 only")
    plan = planned(Image(name="web", platforms=only, smoke=("web",)), variants=dev("web"))

    web = plan.image("web-dev")
    assert (web.platforms, web.only_reason, web.smoke) == ((AMD64,), "x86 only", ("web",))


# ---- variants: what they need ----


def linked(plan: Plan, image: str) -> object:
    return plan.image(image).attributes.get("contexts")


def test_a_variants_image_gets_the_same_variant_of_what_it_needs() -> None:
    plan = planned(Image(name="hub"), Image(name="web", needs=("hub",)), variants=dev("hub", "web"))

    assert linked(plan, "web") == {"hub": "target:hub"}
    assert linked(plan, "web-dev") == {"hub": "target:hub-dev"}
    assert plan.image("web-dev").needs == ("hub-dev",)


def test_a_variants_image_gets_the_plain_image_where_the_variant_has_none() -> None:
    plan = planned(Image(name="hub"), Image(name="web", needs=("hub",)), variants=dev("web"))

    assert linked(plan, "web-dev") == {"hub": "target:hub"}
    assert plan.image("web-dev").needs == ("hub",)


@pytest.mark.parametrize("said", ["variant", "change"])
def test_what_only_the_variant_needs_is_linked_there_alone(said: str) -> None:
    change = {"dev": Change(needs=("hub",))} if said == "change" else {}
    variants = dev("web", needs=("hub",) if said == "variant" else ())
    plan = planned(Image(name="hub"), Image(name="web", variants=change), variants=variants)

    assert (plan.image("web").needs, linked(plan, "web")) == ((), None)
    assert (plan.image("web-dev").needs, linked(plan, "web-dev")) == (("hub",), {"hub": "target:hub"})


def test_two_variants_do_not_mix() -> None:
    variants = (*dev("hub", "web"), Variant(name="acme", images=("web",)))
    plan = planned(Image(name="hub"), Image(name="web", needs=("hub",)), variants=variants)

    assert {name: plan.image(name).needs for name in ("web-dev", "web-acme")} == {
        "web-dev": ("hub-dev",),
        "web-acme": ("hub",),
    }


def test_a_link_under_another_name_moves_to_the_variants_image_too() -> None:
    image = Image(name="web", contexts={"base": "target:hub"})
    plan = planned(Image(name="hub"), image, variants=dev("hub", "web"))

    assert linked(plan, "web-dev") == {"base": "target:hub-dev"}


def test_a_link_that_a_change_adds_is_a_need() -> None:
    image = Image(name="web", variants={"dev": Change(contexts={"base": "target:hub"})})

    assert planned(Image(name="hub"), image, variants=dev()).image("web-dev").needs == ("hub",)


# ---- variants: groups and selection ----


def test_a_variants_group_has_its_images_and_no_other_group_has_them() -> None:
    plan = planned(Image(name="web"), Image(name="api"), variants=dev("web", "api"))

    assert groups(plan) == {"first": ("api", "web"), "web-all": ("api", "web"), "dev": ("api-dev", "web-dev")}
    assert plan.default == ("first",)


@pytest.mark.parametrize(
    ("selectors", "images"),
    [
        ((), ["api", "web"]),
        (("all",), ["api", "web"]),
        (("first",), ["api", "web"]),
        (("dev",), ["api-dev", "web-dev"]),
        (("web-dev",), ["web-dev"]),
        (("web/web-dev",), ["web-dev"]),
        (("all", "dev"), ["api", "api-dev", "web", "web-dev"]),
        (("ours",), ["api-dev", "web", "web-dev"]),
    ],
)
def test_all_leaves_variants_out_and_a_variant_or_group_is_selected_by_its_name(
    selectors: Sequence[str], images: list[str]
) -> None:
    ours = (Group(name="ours", members=("dev", "inner")), Group(name="inner", members=("web",)))
    plan = planned(Image(name="web"), Image(name="api"), variants=dev("web", "api"), groups=ours)

    assert names(plan, *selectors) == images


def test_an_unknown_selector_is_answered_with_the_variant_that_was_meant() -> None:
    plan = planned(Image(name="web"), variants=(Variant(name="staging", images=("web",)),))

    with pytest.raises(UsageError) as caught:
        select(plan, ["stagin"])

    assert caught.value.hint == "did you mean 'staging'?"


# ---- matrix ----


def matrix(**said: Any) -> Image:
    fields: dict[str, Any] = {"name": "py", "matrix": {"version": ("3.11", "3.12"), "size": ("slim", "full")}}
    return Image(**fields | said)


def test_a_matrix_makes_an_image_of_each_combination_named_after_its_values() -> None:
    plan = planned(matrix())

    assert {image.name: dict(image.matrix) for image in plan.images} == {
        "py-3-11-full": {"version": "3.11", "size": "full"},
        "py-3-11-slim": {"version": "3.11", "size": "slim"},
        "py-3-12-full": {"version": "3.12", "size": "full"},
        "py-3-12-slim": {"version": "3.12", "size": "slim"},
    }


def test_each_image_of_a_matrix_has_a_repository_of_its_own() -> None:
    plan = planned(matrix(), repository="team/{image}")

    assert references(plan, "py-3-11-slim") == ["r.test/team/py-3-11-slim:1.0"]


def test_the_images_of_a_matrix_share_one_block() -> None:
    plan = planned(matrix())

    assert [block.name for block in plan.blocks("first")] == ["py"]
    assert plan.image("py-3-11-slim").block.matrix == {"version": ("3.11", "3.12"), "size": ("slim", "full")}


def test_a_tag_may_be_made_of_the_values_of_a_matrix() -> None:
    plan = planned(matrix(tags=(Join(Var("TAG"), "-", Var("size")),)))

    assert references(plan, "py-3-12-full") == ["r.test/py-3-12-full:1.0-full"]


def test_the_phase_and_the_component_have_each_image_of_a_matrix() -> None:
    plan = planned(matrix(), Image(name="x"))

    every = ("py-3-11-full", "py-3-11-slim", "py-3-12-full", "py-3-12-slim", "x")
    assert groups(plan) == {"first": every, "web": every}


@pytest.mark.parametrize(
    ("selector", "images"),
    [
        ("py-3-11-slim", ["py-3-11-slim"]),
        ("ours", ["py-3-12-full", "x"]),
        ("all", ["py-3-11-full", "py-3-11-slim", "py-3-12-full", "py-3-12-slim", "x"]),
    ],
)
def test_an_image_of_a_matrix_is_selected_by_its_own_name_or_a_group_of_it(selector: str, images: list[str]) -> None:
    plan = planned(matrix(), Image(name="x"), groups=(Group(name="ours", members=("py-3-12-full", "x")),))

    assert names(plan, selector) == images


def test_an_image_may_need_one_image_of_a_matrix() -> None:
    plan = planned(matrix(), Image(name="x", needs=("py-3-11-slim",)))

    assert (plan.image("x").needs, linked(plan, "x")) == (("py-3-11-slim",), {"py-3-11-slim": "target:py-3-11-slim"})


def test_each_image_of_a_matrix_is_built_for_its_exceptions_platforms() -> None:
    plan = planned(matrix(platforms=Only(platforms=(AMD64,), reason="x86 only")))

    assert {image.platforms for image in plan.images} == {(AMD64,)}


# ---- abstract targets ----


def args(plan: Plan, image: str = "web") -> object:
    return plan.image(image).attributes.get("args")


def test_the_later_of_several_parents_wins_and_the_image_over_all() -> None:
    targets = (Target(name="_a", args={"X": "a", "Y": "a", "Z": "a"}), Target(name="_b", args={"Y": "b", "Z": "b"}))
    plan = planned(Image(name="web", inherits=("_a", "_b"), args={"Z": "image"}), targets=targets)

    assert args(plan) == {"X": "a", "Y": "b", "Z": "image"}


def test_the_order_of_inherits_decides_and_not_that_of_declaration() -> None:
    targets = (Target(name="_a", args={"X": "a"}), Target(name="_b", args={"X": "b"}))

    assert args(planned(Image(name="web", inherits=("_b", "_a")), targets=targets)) == {"X": "a"}


def test_an_image_inherits_after_its_component_and_each_parent_once() -> None:
    targets = (Target(name="_a", args={"X": "a"}), Target(name="_b", args={"X": "b"}))
    plan = planned(Image(name="web", inherits=("_b", "_a")), component={"inherits": ("_a",)}, targets=targets)

    assert plan.image("web").block.inherits == ("_common", "_a", "_b")
    assert args(plan) == {"X": "b"}


def test_in_a_diamond_the_later_side_wins_with_all_that_it_inherits_as_in_bake() -> None:
    """bake merges each parent with what that one inherits, so the last side brings the top's values back."""
    targets = (
        Target(name="_top", args={"X": "top", "Y": "top"}),
        Target(name="_left", inherits=("_top",), args={"X": "left"}),
        Target(name="_right", inherits=("_top",), args={"Y": "right"}),
    )
    plan = planned(Image(name="web", inherits=("_left", "_right")), targets=targets)

    assert args(plan) == {"X": "top", "Y": "right"}


def test_lists_add_up_through_parents_and_no_entry_twice() -> None:
    targets = (
        Target(name="_top", cache_from=(Cache(ref="r.test/top"),), no_cache_filter=("deps",)),
        Target(name="_left", inherits=("_top",), cache_from=(Cache(ref="r.test/left"),)),
        Target(name="_right", inherits=("_top",), no_cache_filter=("app",)),
    )

    attributes = planned(Image(name="web", inherits=("_left", "_right")), targets=targets).image("web").attributes
    assert attributes["cache-from"] == ("type=registry,ref=r.test/top", "type=registry,ref=r.test/left")
    assert attributes["no-cache-filter"] == ("deps", "app")


def test_cache_to_and_output_of_a_later_level_replace_those_of_an_earlier_one() -> None:
    targets = (
        Target(name="_a", cache_to=(Cache(ref="r.test/a"),)),
        Target(name="_b", cache_to=(Cache(ref="r.test/b"),)),
    )

    attributes = planned(Image(name="web", inherits=("_a", "_b")), targets=targets).image("web").attributes
    assert attributes["cache-to"] == ("type=registry,ref=r.test/b",)


def test_what_a_parent_needs_its_image_needs() -> None:
    plan = planned(Image(name="hub"), Image(name="web", inherits=("_t",)), targets=(Target(name="_t", needs=("hub",)),))

    assert (plan.image("web").needs, linked(plan, "web")) == (("hub",), {"hub": "target:hub"})


def test_a_variants_image_inherits_through_its_image() -> None:
    plan = planned(
        Image(name="web", inherits=("_t",)),
        targets=(Target(name="_t", args={"X": "t", "Y": "t"}),),
        variants=dev("web", args={"Y": "dev"}),
    )

    assert args(plan, "web-dev") == {"X": "t", "Y": "dev"}


def test_nothing_is_built_of_an_abstract_target() -> None:
    plan = planned(Image(name="web"), targets=(Target(name="_t", args={"X": "1"}),))

    assert names(plan) == ["web"]
    assert [block.name for block in plan.abstracts] == ["_t"]
