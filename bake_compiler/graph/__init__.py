"""Draws phases, images and the needs between images, as Mermaid, DOT or SVG."""

from bake_compiler.graph.dot import render_dot
from bake_compiler.graph.graph import Edge, Graph, GraphImage, GraphPhase
from bake_compiler.graph.mermaid import render_mermaid
from bake_compiler.graph.svg import render_svg

__all__ = ["Edge", "Graph", "GraphImage", "GraphPhase", "render_dot", "render_mermaid", "render_svg"]
