"""A graph as JSON."""

from typing import Literal

from typing_extensions import TypedDict

from bake_compiler.graph.graph import Graph


class GraphImageDocument(TypedDict):
    """One image of the graph."""

    name: str
    """The image's name."""
    description: str
    """Its description; may be empty."""
    platforms: list[str]
    """The platforms that are wanted of it."""
    needs: list[str]
    """The images that it needs; an image outside of the selection may be among them."""


class GraphPhaseDocument(TypedDict):
    """One phase of the graph."""

    name: str
    """The phase's name."""
    description: str
    """Its description; may be empty."""
    images: list[GraphImageDocument]
    """Its selected images, in the order of the models; may be empty."""


class GraphDocument(TypedDict):
    """Phases, images, and which image needs which."""

    schema: Literal["bakec.graph/1"]
    title: str
    """The project's name."""
    phases: list[GraphPhaseDocument]
    """In the order in which they are built."""


def graph_document(drawn: Graph) -> GraphDocument:
    """The graph as plain dicts and lists."""
    return {
        "schema": "bakec.graph/1",
        "title": drawn.title,
        "phases": [
            {
                "name": phase.name,
                "description": phase.description,
                "images": [
                    {
                        "name": image.name,
                        "description": image.description,
                        "platforms": list(image.platforms),
                        "needs": list(image.needs),
                    }
                    for image in phase.images
                ],
            }
            for phase in drawn.phases
        ],
    }
