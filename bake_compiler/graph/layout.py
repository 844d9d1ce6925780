"""The positions on the page: columns of boxes, a panel around each phase, and the routes of the edges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil
from statistics import fmean
from unicodedata import east_asian_width

from bake_compiler.graph.geometry import Box, Point, spread
from bake_compiler.graph.graph import Edge, Graph, GraphPhase, label_line
from bake_compiler.graph.layers import Column, columns, neighbours
from bake_compiler.graph.routes import routes

MARGIN = 24
PAD = 20  # inside a panel
_TITLE = 40
_NAME = 8.1  # the widest advance of a monospaced font at 13 px
_PHASE = 8.7  # the same at 14 px
_HEADER = 74
_LOW_HEADER = 46
_BOX = 34
_INSET = 12
_ROW = 56
_LEAST_PANEL = 220
_GUTTER = 48
_LEAST_PAGE = 480
_EAVES = 12  # edges may pass this far above and below all boxes
_ALONE = 0.001  # the weight of an image without edges: it moves first
_SWEEPS = 4


@dataclass(frozen=True, slots=True)
class Layout:
    """A page, in pixels: a panel for each drawn phase, a box for each image, a route for each edge."""

    width: int
    height: int
    panels: tuple[tuple[GraphPhase, Box], ...]
    boxes: Mapping[str, Box]
    routes: Mapping[Edge, tuple[Point, ...]]


def text_width(text: str, advance: float) -> float:
    """Return the largest width of a text, if a narrow letter has the width `advance`."""
    return advance * sum(2 if east_asian_width(letter) in "WF" else 1 for letter in label_line(text))


def lay_out(graph: Graph) -> Layout:
    """Return the page of a graph. The same graph always gives the same page."""
    phases = columns(graph)
    flat = [column for phase in phases for column in phase]
    rows = max(map(len, flat), default=1)
    top = MARGIN + _TITLE + (_HEADER if any(phase.description for phase in graph.drawn) else _LOW_HEADER)
    bottom = top + rows * _ROW - (_ROW - _BOX)
    heights = _heights(flat, graph, (rows - 1) * _ROW)
    gutters = iter(_gutters(flat, graph))
    panels: list[tuple[GraphPhase, Box]] = []
    boxes: dict[str, Box] = {}
    x = MARGIN
    for phase, its in zip(graph.drawn, phases, strict=True):
        widths = [ceil(max(text_width(name, _NAME) for name in column)) + 2 * _INSET for column in its]
        *between, after = (next(gutters) for _ in its)
        inner = sum(widths) + sum(between)
        width = max(inner + 2 * PAD, ceil(text_width(phase.name, _PHASE)) + 2 * PAD, _LEAST_PANEL)
        panels.append((phase, Box(x, MARGIN + _TITLE, width, bottom + PAD - MARGIN - _TITLE)))
        left = x + (width - inner) // 2
        for column, box_width, gutter in zip(its, widths, [*between, 0], strict=True):
            boxes |= {name: Box(left, top + heights[name], box_width, _BOX) for name in column}
            left += box_width + gutter
        x += width + max(MARGIN, after - 2 * PAD)
    page = max(_LEAST_PAGE, panels[-1][1].right + MARGIN if panels else 0)
    ways = routes(graph.edges, flat, boxes, top - _EAVES, bottom + _EAVES)
    return Layout(page, bottom + PAD + MARGIN, tuple(panels), boxes, ways)


def _heights(flat: Sequence[Column], graph: Graph, high: int) -> dict[str, int]:
    """Return the height of each image: near the mean of its neighbours, in the order of its column."""
    left, right = neighbours(graph, {name: rank for rank, column in enumerate(flat) for name in column})
    heights: dict[str, float] = {}
    for column in flat:
        above = (high - (len(column) - 1) * _ROW) / 2
        heights |= {name: above + row * _ROW for row, name in enumerate(column)}
    for order in (flat, flat[::-1]) * _SWEEPS:
        for column in order:
            near = [left[name] + right[name] for name in column]
            wanted = [fmean(heights[each] for each in its or [name]) for name, its in zip(column, near, strict=True)]
            pulls = [len(its) or _ALONE for its in near]
            heights |= zip(column, spread(wanted, _ROW, 0, high, pulls), strict=True)
    return {name: round(height) for name, height in heights.items()}


def _gutters(flat: Sequence[Column], graph: Graph) -> list[int]:
    """Return the space to the right of each column: more if many edges cross it."""
    rank = {name: rank for rank, column in enumerate(flat) for name in column}
    changes = [0] * len(flat)
    for edge in graph.edges:
        first, last = sorted(map(rank.__getitem__, edge))
        changes[first] += 1
        changes[last] -= 1
    return [_GUTTER + min(_GUTTER * 2, 2 * crossing) for crossing in accumulate(changes)]
