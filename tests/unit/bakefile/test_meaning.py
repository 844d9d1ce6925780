"""What a plan means, and where what buildx printed is something else."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from bake_compiler import (
    Attest,
    Cache,
    Change,
    Component,
    Expr,
    Group,
    Image,
    Join,
    Phase,
    Project,
    Secret,
    Ssh,
    Var,
    Variable,
    Variant,
)
from bake_compiler.bakefile.meaning import canonical, compare_meaning, is_same, meaning
from bake_compiler.model import Stack
from bake_compiler.model.project import Version
from bake_compiler.plan import Plan, make_plan

OLD: Version = (0, 13)
NEW: Version = (0, 29)
Printed = dict[str, Any]


def planned(*images: Image, **project: Any) -> Plan:
    fields: dict[str, Any] = {
        "name": "acme",
        "registry": "r.test",
        "tag": "1.0",
        "platforms": ("amd64", "arm64"),
        "phases": (Phase(name="first"),),
    }
    stack = Stack(Project(**fields | project), {"web": Component(phase="first", images=images)})
    return make_plan(stack)


# ---- canonical: old and new forms of one thing ----


@pytest.mark.parametrize(
    ("attribute", "old", "new"),
    [
        ("cache-from", "r.test/c", {"type": "registry", "ref": "r.test/c"}),
        ("cache-from", "type=registry,ref=r.test/c", {"type": "registry", "ref": "r.test/c"}),
        ("cache-from", "ref=r.test/c,type=registry", {"type": "registry", "ref": "r.test/c"}),
        ("cache-to", "type=local,mode=max,dest=out", {"dest": "out", "mode": "max", "type": "local"}),
        ("cache-to", 'type=local,"dest=out, with comma"', {"dest": "out, with comma", "type": "local"}),
        ("cache-to", 'type=local,"dest=a ""quoted"" one"', {"dest": 'a "quoted" one', "type": "local"}),
        ("output", "type=image,compression=zstd", {"compression": "zstd", "type": "image"}),
        ("output", "TYPE=local,dest=out=put", {"dest": "out=put", "type": "local"}),
        ("attest", "type=provenance,mode=min", {"mode": "min", "type": "provenance"}),
        ("attest", "type=sbom,disabled=true", {"disabled": True, "type": "sbom"}),
        ("secret", "id=key,env=KEY", {"env": "KEY", "id": "key"}),
        ("secret", "id=key,src=a/b", {"id": "key", "src": "a/b"}),
        ("ssh", "default", {"id": "default"}),
        ("ssh", "key=a,b", {"id": "key", "paths": ["a", "b"]}),
        ("ssh", "key", {"id": "key", "paths": None}),
    ],
)
def test_a_line_of_csv_and_the_object_of_a_new_buildx_are_one_thing(attribute: str, old: str, new: object) -> None:
    assert canonical(attribute, [old]) == canonical(attribute, [new])


@pytest.mark.parametrize(
    ("attribute", "one", "other"),
    [
        ("cache-from", "type=registry,ref=r.test/c", "type=registry,ref=r.test/d"),
        ("cache-from", "r.test/c", "type=local,ref=r.test/c"),
        ("output", "type=local,dest=a", 'type=local,"dest=a,b"'),
        ("attest", "type=provenance,mode=min", "type=provenance,mode=max"),
        ("secret", "id=key", "id=key,env=key"),
        ("secret", "id=key,env=A", "id=key,src=A"),
        ("ssh", "key=a", "key=b"),
        ("ssh", "key=a,b", "key=b,a"),
        ("ssh", "key", "key=a"),
        ("cache-to", "type=local,dest=A", "type=local,dest=a"),
    ],
)
def test_entries_that_differ_stay_different(attribute: str, one: str, other: str) -> None:
    assert canonical(attribute, [one]) != canonical(attribute, [other])


@pytest.mark.parametrize("attribute", ["no-cache", "pull"])
@pytest.mark.parametrize(("printed", "value"), [("true", True), ("false", False), (True, True), (None, None)])
def test_a_flag_may_be_printed_as_a_text(attribute: str, printed: object, value: object) -> None:
    assert canonical(attribute, printed) is value


@pytest.mark.parametrize("attribute", ["args", "labels", "contexts", "extra-hosts"])
def test_an_entry_of_a_map_that_is_null_is_not_there(attribute: str) -> None:
    assert canonical(attribute, {"A": "1", "B": None, "C": ""}) == {"A": "1", "C": ""}


@pytest.mark.parametrize("attribute", ["tags", "platforms", "annotations", "entitlements", "cache-from", "secret"])
def test_the_order_of_a_list_and_repetition_in_it_mean_nothing(attribute: str) -> None:
    assert canonical(attribute, ["id=a", "id=b", "id=a"]) == canonical(attribute, ("id=b", "id=a"))


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ("${x}", "$${x}", True),
        ("%{x}", "%%{x}", True),
        ("$x", "$$x", False),
        ("$${x}", "${x}", False),
        (frozenset({"k=${x}"}), frozenset({"k=$${x}"}), True),
        (True, "true", False),
        ("a", None, False),
        (None, None, True),
    ],
)
def test_openers_that_a_new_buildx_prints_doubled_are_the_same(ours: object, theirs: object, same: bool) -> None:
    assert is_same(ours, theirs) is same


# ---- compare ----

WEB = Image(
    name="web",
    needs=("hub",),
    description="serves",
    args={"VERSION": Join("v", Var("VERSION")), "MODE": "release", "NONE": None},
    labels={"owner": "us"},
    cache_from=(Cache(ref="r.test/c"),),
    secret=(Secret(id="key", env="KEY"),),
    ssh=(Ssh(),),
    attest=(Attest(type="sbom"),),
    no_cache=True,
    ulimits=("nofile=1024:2048",),
    variants={"dev": Change(stage="debug")},
)
PROJECT: dict[str, Any] = {
    "variables": (Variable(name="VERSION", default="3"),),
    "variants": (Variant(name="dev"),),
    "groups": (Group(name="ours", members=("hub", "dev")),),
}
ARGS = {"VERSION": "v3", "MODE": "release"}
LABELS = {
    "owner": "us",
    "org.opencontainers.image.description": "serves",
    "org.opencontainers.image.title": "web",
    "org.opencontainers.image.version": "1.0",
}


def sound() -> Plan:
    return planned(Image(name="hub"), WEB, **PROJECT)


def printed_by_new() -> Printed:
    """What buildx 0.29.1 prints of the plan's file, at the defaults."""
    hub: Printed = {
        "attest": [{"mode": "min", "type": "provenance"}],
        "context": "components/web",
        "dockerfile": "Dockerfile",
        "labels": {"org.opencontainers.image.title": "hub", "org.opencontainers.image.version": "1.0"},
        "tags": ["r.test/hub:1.0"],
        "platforms": ["linux/amd64", "linux/arm64"],
    }
    web: Printed = {
        **hub,
        "attest": [{"mode": "min", "type": "provenance"}, {"type": "sbom"}],
        "contexts": {"hub": "target:hub"},
        "args": dict(ARGS),
        "labels": dict(LABELS),
        "tags": ["r.test/web:1.0"],
        "cache-from": [{"ref": "r.test/c", "type": "registry"}],
        "secret": [{"env": "KEY", "id": "key"}],
        "ssh": [{"id": "default"}],
        "no-cache": True,
        "ulimits": ["nofile=1024:2048"],
    }
    document: Printed = json.loads(
        json.dumps(
            {
                "group": {
                    "default": {"targets": ["first"]},
                    "first": {"targets": ["hub", "web"]},
                    "web-all": {"targets": ["hub", "web"]},
                    "dev": {"targets": ["web-dev"]},
                    "ours": {"targets": ["hub", "dev"]},
                },
                "target": {
                    "hub": hub,
                    "web": web,
                    "web-dev": {**web, "target": "debug", "tags": ["r.test/web:1.0-dev"]},
                },
            }
        )
    )
    return document


def printed_by_old() -> Printed:
    """What buildx 0.13.1 prints of it."""
    document = printed_by_new()
    for target in document["target"].values():
        target["attest"] = ["type=provenance,mode=min", "type=sbom"][: len(target["attest"])]
        if "secret" in target:
            target |= {"secret": ["id=key,env=KEY"], "ssh": ["default"], "cache-from": ["type=registry,ref=r.test/c"]}
    return document


def differences(printed: Printed, version: Version = NEW, **variables: object) -> tuple[str, ...]:
    plan = sound()
    return compare_meaning(plan, printed, {**plan.defaults, **variables}, version).differences


@pytest.mark.parametrize(("printed", "version"), [(printed_by_old(), OLD), (printed_by_new(), NEW)], ids=["old", "new"])
def test_the_file_of_a_plan_means_what_the_plan_means_and_nothing_of_it_is_skipped(
    printed: Printed, version: Version
) -> None:
    plan = sound()
    found = compare_meaning(plan, printed, plan.defaults, version)

    assert (found.differences, found.skipped) == ((), ())


def replaced(*path: str, by: object) -> Callable[[Printed], None]:
    """What puts a value into the printed document; None takes it out."""

    def change(printed: Printed) -> None:
        inner = printed
        for part in path[:-1]:
            inner = inner[part]
        inner[path[-1]] = by
        if by is None:
            del inner[path[-1]]

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            replaced("target", "web", "args", "MODE", by="debug"),
            "target web: args.MODE is 'debug' in the file, 'release' in the plan",
        ),
        (
            replaced("target", "web", "args", "MODE", by=None),
            "target web: args.MODE is nothing in the file, 'release' in the plan",
        ),
        (
            replaced("target", "web", "args", "MORE", by="1"),
            "target web: args.MORE is '1' in the file, nothing in the plan",
        ),
        (
            replaced("target", "web", "args", "NONE", by=""),
            "target web: args.NONE is '' in the file, nothing in the plan",
        ),
        (
            replaced("target", "web", "args", by=None),
            "target web: args is nothing in the file, {'MODE': 'release', 'VERSION': 'v3'} in the plan",
        ),
        (
            replaced("target", "web", "labels", "owner", by="them"),
            "target web: labels.owner is 'them' in the file, 'us' in the plan",
        ),
        (
            replaced("target", "hub", "tags", by=["r.test/hub:1.0", "r.test/hub:2"]),
            "target hub: tags is [r.test/hub:1.0, r.test/hub:2] in the file, [r.test/hub:1.0] in the plan",
        ),
        (
            replaced("target", "web-dev", "tags", by=["r.test/web:1.0"]),
            "target web-dev: tags is [r.test/web:1.0] in the file, [r.test/web:1.0-dev] in the plan",
        ),
        (
            replaced("target", "hub", "platforms", by=["linux/amd64"]),
            "target hub: platforms is [linux/amd64] in the file, [linux/amd64, linux/arm64] in the plan",
        ),
        (
            replaced("target", "web-dev", "target", by="app"),
            "target web-dev: target is 'app' in the file, 'debug' in the plan",
        ),
        (
            replaced("target", "web", "contexts", "hub", by="docker-image://hub"),
            "target web: contexts.hub is 'docker-image://hub' in the file, 'target:hub' in the plan",
        ),
        (
            replaced("target", "hub", "dockerfile", by="Other"),
            "target hub: dockerfile is 'Other' in the file, 'Dockerfile' in the plan",
        ),
        (
            replaced("target", "web", "no-cache", by=None),
            "target web: no-cache is nothing in the file, True in the plan",
        ),
        (
            replaced("target", "hub", "network", by="host"),
            "target hub: network is 'host' in the file, nothing in the plan",
        ),
        (replaced("target", "hub", by=None), "target hub is in the plan only"),
        (replaced("target", "more", by={"context": "."}), "target more is in the file only"),
        (replaced("group", "dev", by=None), "group dev is in the plan only"),
        (
            replaced("group", "ours", "targets", by=["hub"]),
            "group ours has [hub] in the file, [dev, hub] in the plan",
        ),
        (
            replaced("group", "first", "targets", by=["hub", "web", "web-dev"]),
            "group first has [hub, web, web-dev] in the file, [hub, web] in the plan",
        ),
    ],
)
def test_each_kind_of_difference_is_told_with_the_target_and_the_attribute(
    change: Callable[[Printed], None], told: str
) -> None:
    printed = printed_by_new()
    change(printed)

    assert differences(printed) == (told,)


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("secret", [{"env": "OTHER", "id": "key"}]),
        ("ssh", [{"id": "default", "paths": ["key"]}]),
        ("attest", [{"mode": "max", "type": "provenance"}, {"type": "sbom"}]),
        ("cache-from", [{"ref": "r.test/d", "type": "registry"}]),
        ("cache-to", [{"ref": "r.test/d", "type": "registry"}]),
        ("output", [{"type": "cacheonly"}]),
        ("ulimits", ["nofile=1:2"]),
        ("entitlements", ["network.host"]),
        ("dockerfile-inline", "FROM scratch"),
        ("call", "check"),
        ("extra-hosts", {"db": "10.0.0.1"}),
    ],
)
def test_a_list_or_a_single_value_that_differs_is_told(attribute: str, value: object) -> None:
    printed = printed_by_new()
    printed["target"]["web"][attribute] = value

    (told,) = differences(printed)

    assert told.startswith(f"target web: {attribute}")


def test_all_differences_are_told_at_once() -> None:
    printed = printed_by_new()
    printed["target"]["web"]["args"]["MODE"] = "x"
    printed["target"]["web"]["labels"]["owner"] = "x"
    del printed["group"]["dev"]

    assert len(differences(printed)) == 3


def test_a_value_that_does_not_follow_its_variable_is_told() -> None:
    assert differences(printed_by_new(), VERSION="4") == (
        "target web: args.VERSION is 'v3' in the file, 'v4' in the plan",
        "target web-dev: args.VERSION is 'v3' in the file, 'v4' in the plan",
    )


def test_a_file_without_targets_and_groups_is_all_in_the_plan_only() -> None:
    assert set(differences({})) == {
        *(f"target {name} is in the plan only" for name in ("hub", "web", "web-dev")),
        *(f"group {name} is in the plan only" for name in ("first", "web-all", "dev", "ours")),
    }


# ---- what only buildx knows ----


def compared(image: Image, target: Printed) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Differences and what was skipped, of an image and how its target was printed beside what every target has."""
    plan = planned(image)
    hub = printed_by_new()["target"]["hub"]
    labels = {**hub["labels"], "org.opencontainers.image.title": image.name, **target.get("labels", {})}
    printed = {**hub, "tags": [f"r.test/{image.name}:1.0"], **target, "labels": labels}
    document = {"group": {"first": {"targets": [image.name]}}, "target": {image.name: printed}}
    found = compare_meaning(plan, document, plan.defaults, NEW)
    return found.differences, found.skipped


def test_an_expression_is_skipped_and_named_and_the_other_entries_of_its_map_are_compared() -> None:
    image = Image(name="web", args={"A": Expr("upper(TAG)"), "B": "1"})

    assert compared(image, {"args": {"A": "ANY", "B": "2"}}) == (
        ("target web: args.B is '2' in the file, '1' in the plan",),
        ("web: args.A",),
    )


def test_an_expression_in_a_list_leaves_that_list_out_and_nothing_else() -> None:
    image = Image(name="web", cache_from=("r.test/c", Expr("TAG")), ulimits=("nofile=1:2",))

    assert compared(image, {"cache-from": [{"ref": "any", "type": "registry"}], "ulimits": ["nofile=1:1"]}) == (
        ("target web: ulimits is [nofile=1:1] in the file, [nofile=1:2] in the plan",),
        ("web: cache-from",),
    )


def test_a_whole_attribute_that_is_an_expression_is_skipped_even_where_the_file_has_none() -> None:
    assert compared(Image(name="web", stage=Expr("null")), {}) == ((), ("web: target",))


def test_a_text_joined_with_an_expression_is_skipped() -> None:
    assert compared(Image(name="web", labels={"a": Join("v", Expr("upper(TAG)"))}), {"labels": {"a": "vX"}}) == (
        (),
        ("web: labels.a",),
    )


def test_a_map_joined_with_an_expression_is_skipped_as_a_whole() -> None:
    differing, skipped = compared(Image(name="web", labels=Expr("{}")), {"labels": {"any": "thing"}})

    assert (differing, skipped) == ((), ("web: labels",))


# ---- what a buildx does by itself ----


def test_what_an_old_buildx_does_not_know_it_left_out_and_that_is_no_difference() -> None:
    plan = planned(Image(name="web", network="none", extra_hosts={"a": "1.1.1.1"}, call="check"), buildx=">=0.25")

    known = meaning(plan, plan.image("web"), plan.defaults, NEW).keys()
    assert known - meaning(plan, plan.image("web"), plan.defaults, OLD).keys() == {"network", "extra-hosts", "call"}


def test_the_hosts_network_implies_its_entitlement_for_whoever_needs_the_image() -> None:
    plan = planned(Image(name="hub", network="host"), Image(name="web", needs=("hub",)), buildx=">=0.25")

    assert meaning(plan, plan.image("web"), plan.defaults, NEW)["entitlements"] == frozenset({"network.host"})


def test_a_description_is_an_attribute_only_where_both_the_file_and_the_buildx_are_new_enough() -> None:
    image = Image(name="web", description="serves")

    def described(floor: str, version: Version) -> bool:
        plan = planned(image, buildx=floor)
        return "description" in meaning(plan, plan.image("web"), plan.defaults, version)

    assert (described(">=0.16", NEW), described(">=0.13", NEW), described(">=0.13", OLD)) == (True, False, False)


def test_the_time_of_the_sources_is_an_arg_that_buildx_adds_unless_the_image_says_its_own() -> None:
    plan = planned(Image(name="web"), Image(name="own", args={"SOURCE_DATE_EPOCH": "0"}))
    variables = {**plan.defaults, "SOURCE_DATE_EPOCH": "1700000000"}

    assert meaning(plan, plan.image("web"), variables, NEW)["args"] == {"SOURCE_DATE_EPOCH": "1700000000"}
    assert meaning(plan, plan.image("own"), variables, NEW)["args"] == {"SOURCE_DATE_EPOCH": "0"}
