"""The graph that is drawn, with texts that every format can contain."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

# Invisible ones too: XML 1.0 forbids some of them, and the bidirectional ones reorder what a reader sees.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


class Edge(NamedTuple):
    """One need, in the direction of the build: the needed image comes first."""

    needed: str
    needing: str


@dataclass(frozen=True, slots=True)
class GraphImage:
    """One image: its name is unique in the graph; description and platforms may be empty."""

    name: str
    description: str
    platforms: tuple[str, ...]
    needs: tuple[str, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of the image's box: name, description, platforms."""
        return tuple(filter(None, map(label_line, (self.name, self.description, ", ".join(self.platforms)))))


@dataclass(frozen=True, slots=True)
class GraphPhase:
    """One phase and its images in the author's order."""

    name: str
    description: str
    images: tuple[GraphImage, ...]


@dataclass(frozen=True)
class Graph:
    """Phases in the order in which they are built.

    Raises:
        ValueError: two images, or two phases, have the same name.
    """

    title: str
    phases: tuple[GraphPhase, ...]

    def __post_init__(self) -> None:
        for names in ([image.name for image in self.images], [phase.name for phase in self.phases]):
            if len(names) != len(set(names)):
                raise ValueError("names in a graph must differ")

    @cached_property
    def drawn(self) -> tuple[GraphPhase, ...]:
        """The phases that have images."""
        return tuple(phase for phase in self.phases if phase.images)

    @cached_property
    def images(self) -> tuple[GraphImage, ...]:
        """The images of all phases."""
        return tuple(image for phase in self.phases for image in phase.images)

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """Every need once. A need that is not in the graph, for example in a selection, has no edge."""
        known = {image.name for image in self.images}
        edges = (Edge(need, image.name) for image in self.images for need in image.needs)
        return tuple(dict.fromkeys(edge for edge in edges if edge.needed in known and edge.needed != edge.needing))


def label_line(text: str) -> str:
    """The text on one line, with a replacement character for each one that cannot be shown."""
    return _UNPRINTABLE.sub("\ufffd", " ".join(text.split()))
