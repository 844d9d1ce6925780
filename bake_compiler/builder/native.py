"""Which platforms the nodes of a described builder have without emulation, as far as that can be told of them."""

from bake_compiler.model.builder import Builder
from bake_compiler.model.texts import platforms_of
from bake_compiler.oci.platform import Platform


def native_of(builder: Builder, engine: Platform) -> frozenset[Platform]:
    """The engine's platform, where a node is in the engine; of any other node the first that it is to build.

    Of a node elsewhere that is described without platforms nobody knows.
    """
    in_engine = builder.facts.is_in_engine
    return frozenset(
        engine if in_engine(node.endpoint) else platforms_of(node.platforms)[0]
        for node in builder.all_nodes
        if node.platforms or in_engine(node.endpoint)
    )
