"""The platforms that the nodes of a described builder run natively, as far as the models say."""

from bake_compiler.model.builder import Builder
from bake_compiler.model.texts import platforms_of
from bake_compiler.oci.platform import Platform


def native_of(builder: Builder, engine: Platform) -> frozenset[Platform]:
    """Return the native platforms of the builder's nodes.

    A node in the engine has the engine's platform. For any other node, the first of its described platforms counts.
    Such a
    node without described platforms adds nothing.
    """
    in_engine = builder.facts.is_in_engine
    return frozenset(
        engine if in_engine(node.endpoint) else platforms_of(node.platforms)[0]
        for node in builder.all_nodes
        if node.platforms or in_engine(node.endpoint)
    )
