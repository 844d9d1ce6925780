"""A graph in each format that `bakec graph` writes."""

from collections.abc import Callable, Mapping

from bake_compiler.document import document_text
from bake_compiler.graph import Graph, render_dot, render_mermaid, render_svg
from bake_compiler.graph.json import graph_document

RENDERERS: Mapping[str, Callable[[Graph], str]] = {
    "mermaid": render_mermaid,
    "dot": render_dot,
    "svg": render_svg,
    "json": lambda drawn: document_text(graph_document(drawn)),
}
"""Format → the function that renders a graph."""
