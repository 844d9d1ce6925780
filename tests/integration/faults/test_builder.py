"""bakec builder on the real engine: two nodes, each for a platform, from the description to nothing left behind."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sandbox.node import node
from sandbox.state import State
from tests.fakes.nodes import bridge
from tests.integration.conftest import Stack

pytestmark = [pytest.mark.docker, pytest.mark.sandbox]


@pytest.fixture
def places(sandbox: State, tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """Where two BuildKits listen, each in an engine of its own."""
    first, second = tmp_path / "first", tmp_path / "second"
    with ExitStack() as stack:
        for place in (first, second):
            engine = stack.enter_context(node(sandbox, f"builder-{place.name}"))
            stack.enter_context(bridge(place, engine.socket))
        yield first, second


def describe(stack: Stack, builder: str) -> None:
    """Give the project this builder, as Python source."""
    path = stack.root / "components" / "project.py"
    head, _, _ = path.read_text().partition("\nfrom bake_compiler import Builder")
    path.write_text(
        f"{head}\nfrom bake_compiler import Builder, Node\n"
        f'project = project.model_copy(update={{"builder": {builder}}})\n'
    )


def describe_two(stack: Stack, places: tuple[Path, Path], *platforms: str) -> None:
    """One whose second node is for these platforms."""
    nodes = ", ".join(
        f"Node(endpoint='unix://{place}', platforms={names})"
        for place, names in zip(places, (("amd64",), platforms), strict=True)
    )
    describe(stack, f'Builder(name="two", driver="remote", nodes=({nodes}))')


def test_a_described_builder_of_two_nodes_is_made_used_changed_and_removed(
    stack: Stack, places: tuple[Path, Path], tmp_path: Path
) -> None:
    env = {"BUILDX_CONFIG": str(tmp_path / "buildx")}
    describe_two(stack, places, "arm64")

    before = stack.build(env=env)
    assert before.status == 7
    assert "bakec builder up" in before.err

    made = stack.bakec("builder", "up", "--json", env=env)
    assert made.status == 0, made.err
    assert (made.document["applied"], made.document["started"]) == (True, True)
    seen = stack.bakec("builder", "ls", "--json", env=env).document
    assert seen["matches"]
    assert [(each["endpoint"], each["state"]) for each in seen["nodes"]] == [
        (f"unix://{place}", "running") for place in places
    ]
    assert {"platform": "linux/arm64", "how": "emulated"} in seen["nodes"][1]["platforms"]

    built = stack.build(env=env)
    assert built.status == 0, built.err
    assert set(built.outcomes.values()) == {"built"}

    again = stack.bakec("builder", "up", "--json", env=env)
    assert (again.document["diff"], again.document["commands"], again.status) == ("", [], 0)

    describe_two(stack, places, "arm64", "riscv64")
    changed = stack.bakec("builder", "up", env=env)
    assert "\n-  platforms linux/arm64\n+  platforms linux/arm64, linux/riscv64\n" in changed.err
    assert stack.bakec("builder", "ls", "--json", env=env).document["matches"]

    assert stack.bakec("builder", "rm", env=env).status == 0
    assert stack.bakec("builder", "rm", env=env).out == "builder two: nothing to change\n"
    listed = subprocess.run(
        ["docker", "buildx", "ls"], env={**os.environ, **env}, capture_output=True, text=True, check=True
    )
    assert "two" not in listed.stdout.split()
    assert list((tmp_path / "buildx" / "instances").iterdir()) == []
