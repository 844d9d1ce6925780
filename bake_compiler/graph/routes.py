"""The routes of edges. An edge passes a column of boxes straight through a gap, and turns between two columns."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bake_compiler.graph.geometry import Box, Point, spread
from bake_compiler.graph.graph import Edge

_LANE = 5  # between edges in one gap, if there is room
_CLEAR = 6  # between an edge and a box


@dataclass(slots=True)
class _Way:
    """An edge on its way from left to right."""

    edge: Edge
    first: str
    last: str
    points: list[Point] = field(default_factory=list)


def routes(
    edges: Sequence[Edge], columns: Sequence[Sequence[str]], boxes: Mapping[str, Box], low: float, high: float
) -> dict[Edge, tuple[Point, ...]]:
    """Return the points of each edge, two for each column that it passes, at heights from `low` to `high`."""
    rank = {name: index for index, column in enumerate(columns) for name in column}
    starting: dict[str, list[_Way]] = defaultdict(list)
    for edge in edges:
        first, last = sorted(edge, key=rank.__getitem__)
        starting[first].append(_Way(edge, first, last))
    passing: list[_Way] = []
    for column in columns:
        names = set(column)
        for way in passing:
            if way.last in names:
                way.points.append((boxes[way.last].x, boxes[way.last].middle))
        passing = [way for way in passing if way.last not in names]
        here = [boxes[name] for name in column]
        for way, height in _lanes(passing, here, boxes, low, high):
            way.points += (here[0].x, height), (here[0].right, height)
        for name in column:
            for way in starting[name]:
                way.points.append((boxes[name].right, boxes[name].middle))
                passing.append(way)
    ways = {way.edge: way for each in starting.values() for way in each}
    return {edge: tuple(ways[edge].points[:: 1 if ways[edge].first == edge.needed else -1]) for edge in edges}


def _lanes(
    passing: Sequence[_Way], column: Sequence[Box], boxes: Mapping[str, Box], low: float, high: float
) -> Iterator[tuple[_Way, float]]:
    """Return the height of each edge past a column. Edges from one image share a lane in the nearest gap."""
    middles = [box.middle for box in column]
    gaps: dict[int, dict[str, list[_Way]]] = defaultdict(lambda: defaultdict(list))
    for way in passing:
        height = way.points[-1][1]
        side = bisect_left if boxes[way.last].middle < height else bisect_right
        gaps[side(middles, height)][way.first].append(way)
    for gap, lanes in gaps.items():
        top = column[gap - 1].bottom + _CLEAR if gap else low
        bottom = column[gap].y - _CLEAR if gap < len(column) else high
        bundles = sorted(lanes.values(), key=lambda bundle: bundle[0].points[-1][1])
        step = min(_LANE, (bottom - top) / len(bundles))
        heights = spread([bundle[0].points[-1][1] for bundle in bundles], step, top, bottom)
        for bundle, height in zip(bundles, heights, strict=True):
            yield from ((way, height) for way in bundle)
