"""What is known of builder drivers: where a node is, and what is assumed of a driver that bakec does not know."""

import pytest

from bake_compiler.model.drivers import DriverFacts, facts_of


@pytest.mark.parametrize(
    ("driver", "endpoint", "local", "in_engine"),
    [
        ("docker", "default", True, True),
        ("docker-container", "", True, True),
        ("docker-container", "unix:///var/run/docker.sock", True, True),
        ("docker-container", "ssh://me@there", False, False),
        ("docker-container", "a-context", False, False),
        ("remote", "unix:///run/buildkitd.sock", True, False),
        ("remote", "tcp://there:1234", False, False),
        ("kubernetes", "", False, False),
        ("cloud", "", False, False),
    ],
)
def test_where_a_node_is(driver: str, endpoint: str, *, local: bool, in_engine: bool) -> None:
    facts = facts_of(driver)

    assert (facts.is_local(endpoint), facts.is_in_engine(endpoint)) == (local, in_engine)


def test_buildx_only_connects_to_the_nodes_of_one_driver() -> None:
    drivers = ("docker", "docker-container", "kubernetes", "remote", "cloud")

    assert [name for name in drivers if facts_of(name).runs_elsewhere] == ["remote"]


def test_a_driver_that_is_not_in_the_table_has_the_defaults() -> None:
    assert facts_of("cloud") == DriverFacts("cloud")
