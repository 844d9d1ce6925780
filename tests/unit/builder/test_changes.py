"""From what buildx has to what the project describes: the diff, the commands, and what would be lost."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake_compiler import Builder, Node
from bake_compiler.builder import Instance, described, plan_changes, plan_removal
from bake_compiler.model.drivers import Driver

ROOT = Path("/project")
TWO = Builder(
    name="acme",
    driver="remote",
    nodes=(
        Node(endpoint="tcp://a:1234", platforms=("amd64",), ca="ca.pem"),
        Node(endpoint="unix:///run/b.sock", platforms=("arm64",)),
    ),
)
ONE = Builder(name="acme", nodes=(Node(endpoint="ssh://me@a"),), mirrors={"docker.io": ("mirror.example",)})


def instance(builder: Builder) -> Instance:
    return described(builder, ROOT, {})


def changed(before: Builder, after: Builder) -> tuple[str, ...]:
    """The lines that differ."""
    diff = plan_changes(instance(after), instance(before)).diff
    return tuple(line for line in diff.splitlines()[2:] if line.startswith(("+", "-")))


def commands(after: Builder, before: Builder | None = None) -> list[str]:
    there = instance(before) if before else None
    return [" ".join(words) for words in plan_changes(instance(after), there, "toml").commands]


def lost(before: Builder, after: Builder) -> tuple[str, ...]:
    return plan_changes(instance(after), instance(before)).lost


def test_a_builder_of_two_remote_nodes_is_created_and_appended_to() -> None:
    assert commands(TWO) == [
        "create --name acme --driver remote --node acme0 --platform linux/amd64 --driver-opt cacert=/project/ca.pem tcp://a:1234",
        "create --name acme --append --driver remote --node acme1 --platform linux/arm64 unix:///run/b.sock",
    ]


def test_the_daemons_of_containers_get_flags_options_and_a_configuration() -> None:
    builder = Builder(
        name="acme",
        flags=("--debug", "--oci-worker-gc-keepstorage=9000 MB"),
        options={"network": "host", "env.NO_PROXY": "a,b"},
        mirrors={"docker.io": ("mirror.example",)},
    )

    assert plan_changes(instance(builder), None, "/project/.bakec/acme.toml").commands == (
        (
            *("create", "--name", "acme", "--driver", "docker-container", "--node", "acme0"),
            *("--driver-opt", '"env.NO_PROXY=a,b"', "--driver-opt", "network=host"),
            *("--buildkitd-flags", "--debug '--oci-worker-gc-keepstorage=9000 MB'"),
            *("--buildkitd-config", "/project/.bakec/acme.toml"),
        ),
    )


def test_nothing_is_done_when_all_is_so() -> None:
    for builder in (ONE, TWO):
        assert plan_changes(instance(builder), instance(builder)).diff == ""
        assert commands(builder, builder) == []


def test_what_differs_is_shown_line_by_line() -> None:
    moved = TWO.model_copy(update={"nodes": (TWO.nodes[0], Node(endpoint="tcp://c:1", platforms=("arm64", "arm/v7")))})

    assert changed(TWO, moved) == (
        "-  endpoint unix:///run/b.sock",
        "-  platforms linux/arm64",
        "+  endpoint tcp://c:1",
        "+  platforms linux/arm/v7, linux/arm64",
    )


def test_a_remote_node_is_changed_where_it_is() -> None:
    moved = TWO.model_copy(update={"nodes": (TWO.nodes[0], Node(endpoint="tcp://c:1", platforms=("arm64",)))})

    assert commands(moved, TWO) == [
        "create --name acme --append --driver remote --node acme1 --platform linux/arm64 tcp://c:1"
    ]


def test_a_remote_node_that_is_gone_leaves_and_nothing_is_lost() -> None:
    fewer = TWO.model_copy(update={"nodes": TWO.nodes[:1]})

    assert commands(fewer, TWO) == ["create --name acme --node acme1 --leave"]
    assert lost(TWO, fewer) == ()


def test_remote_nodes_that_change_places_are_made_anew() -> None:
    swapped = TWO.model_copy(
        update={"nodes": tuple(Node(endpoint=node.endpoint, name=f"acme{1 - at}") for at, node in enumerate(TWO.nodes))}
    )

    assert [line.split()[0] for line in commands(swapped, TWO)] == ["rm", "create", "create"]
    assert lost(TWO, swapped) == ()


def test_a_node_more_is_appended_and_those_that_are_there_go_on() -> None:
    more = ONE.model_copy(update={"nodes": (*ONE.nodes, Node(endpoint="ssh://me@b"))})

    assert commands(more, ONE) == [
        "create --name acme --append --driver docker-container --node acme1 --buildkitd-config toml ssh://me@b"
    ]


def test_another_mirror_starts_containers_anew_with_the_cache_that_they_had() -> None:
    other = ONE.model_copy(update={"mirrors": {"docker.io": ("other.example",)}})
    changes = plan_changes(instance(other), instance(ONE), "toml", in_use=True)

    assert changes.restarts
    assert changes.lost == ()
    assert [" ".join(words) for words in changes.commands] == [
        "rm --keep-state acme",
        "create --name acme --driver docker-container --node acme0 --use --buildkitd-config toml ssh://me@a",
    ]


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (
            ONE.model_copy(update={"nodes": (Node(endpoint="ssh://me@b"),)}),
            "its volume buildx_buildkit_acme0_state at ssh",
        ),
        (ONE.model_copy(update={"nodes": (Node(name="other", endpoint="ssh://me@a"),)}), "the cache of node acme0"),
        (TWO, "the cache of node acme0"),
    ],
    ids=["moved", "renamed", "driver"],
)
def test_a_cache_that_nothing_would_use_any_more_is_named(after: Builder, words: str) -> None:
    (told,) = lost(ONE, after)

    assert words in told


def test_pods_made_anew_lose_their_caches() -> None:
    pods = Builder(name="acme", driver="kubernetes", options={"namespace": "a"})

    assert lost(pods, pods.model_copy(update={"options": {"namespace": "b"}})) == (
        "the cache of node acme0, which ends with its pod",
    )


def test_a_builder_is_removed_with_its_cache_only_when_that_is_asked_for() -> None:
    kept, all_of_it = (plan_removal(instance(ONE), with_cache=choice) for choice in (False, True))

    assert kept.commands == (("rm", "--keep-state", "acme"),)
    assert kept.lost == ()
    assert all_of_it.commands == (("rm", "acme"),)
    assert all_of_it.lost == ("the cache of node acme0",)
    assert plan_removal(None, with_cache=True).commands == ()


_PLATFORMS = ("amd64", "arm64", "arm/v7")


@st.composite
def builders(draw: st.DrawFn) -> Builder:
    """Any builder that may be described."""
    kinds: tuple[Driver, ...] = ("remote", "docker-container")
    driver = draw(st.sampled_from(kinds))
    numbers = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True))
    owners = [draw(st.sampled_from([*numbers, -1])) for _ in _PLATFORMS]
    nodes = tuple(
        Node(
            name=f"node{draw(st.integers(0, 1))}-{number}",
            endpoint=f"tcp://{number}",
            platforms=tuple(name for name, owner in zip(_PLATFORMS, owners, strict=True) if owner == number),
            options=draw(st.sampled_from([{}, {"a": "1"}, {"a": '",\\ 2', "b": " 3"}])),
        )
        for number in numbers
    )
    mirrors = draw(st.sampled_from([{}, {"docker.io": ("m.example",)}])) if driver == "docker-container" else {}
    return Builder(name="acme", driver=driver, nodes=nodes, mirrors=mirrors)


@given(builders(), builders())
def test_without_a_restart_nothing_of_a_container_but_its_platforms_changes(before: Builder, after: Builder) -> None:
    changes = plan_changes(instance(after), instance(before))

    removes = any(words[0] == "rm" for words in changes.commands)
    assert removes or not changes.lost
    assert all("--keep-state" in words for words in changes.commands if words[0] == "rm")
    assert bool(changes.diff) == bool(changes.commands)


def test_only_platforms_of_a_container_change_without_a_restart() -> None:
    native = Builder(name="acme", nodes=(Node(platforms=("amd64", "arm64")),), options={"network": "host"})
    other = native.model_copy(update={"nodes": (Node(platforms=("amd64",)),)})
    changes = plan_changes(instance(other), instance(native))

    assert not changes.restarts
    assert [words[:4] for words in changes.commands] == [("create", "--name", "acme", "--append")]
