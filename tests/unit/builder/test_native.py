"""Which platforms a described builder has without emulation."""

import pytest

from bake_compiler import Builder, Node
from bake_compiler.builder import native_of
from bake_compiler.oci.platform import Platform

AMD64, ARM64 = Platform.parse("amd64"), Platform.parse("arm64")


@pytest.mark.parametrize(
    ("builder", "native"),
    [
        (Builder(name="acme"), {AMD64}),
        (Builder(name="acme", nodes=(Node(platforms=("arm64", "amd64")),)), {AMD64}),
        (Builder(name="acme", nodes=(Node(), Node(endpoint="ssh://a.test", platforms=("arm64",)))), {AMD64, ARM64}),
        (Builder(name="acme", nodes=(Node(endpoint="ssh://a.test", platforms=("arm64", "arm/v7")),)), {ARM64}),
        (Builder(name="acme", nodes=(Node(endpoint="ssh://a.test"),)), set()),
        (Builder(name="acme", driver="remote", nodes=(Node(endpoint="unix:///x", platforms=("arm64",)),)), {ARM64}),
        (Builder(name="acme", driver="kubernetes", nodes=(Node(platforms=("arm64",)),)), {ARM64}),
        (Builder(name="acme", driver="kubernetes"), set()),
        (Builder(name="default", driver="docker"), set()),
    ],
)
def test_a_node_elsewhere_is_native_for_what_it_is_to_build_first_and_one_in_the_engine_for_its_machine(
    builder: Builder, native: set[Platform]
) -> None:
    assert native_of(builder, AMD64) == native
