"""The column of each image, and the order of the images in a column."""

from collections.abc import Mapping, Sequence
from math import ceil, sqrt
from statistics import fmean

from bake_compiler.graph.graph import Graph, GraphPhase

_SWEEPS = 4
_ROWS = 12  # a column that a screen can show

Column = tuple[str, ...]


def columns(graph: Graph) -> tuple[tuple[Column, ...], ...]:
    """Return the columns of each drawn phase. An image stands right of its needs, near the height of its neighbours."""
    phases = [_layers(phase) for phase in graph.drawn]
    limit = max(_ROWS, ceil(1.7 * sqrt(len(graph.images))))  # about as wide as high, however many there are
    layers = iter(_ordered([layer for phase in phases for layer in phase], graph, limit))
    return tuple(tuple(column for _ in phase for column in _wrapped(next(layers), limit)) for phase in phases)


def neighbours(graph: Graph, rank: Mapping[str, int]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Return, for each image, the images on its left and on its right that share an edge with it."""
    left: dict[str, list[str]] = {name: [] for name in rank}
    right: dict[str, list[str]] = {name: [] for name in rank}
    for edge in graph.edges:
        first, second = sorted(edge, key=rank.__getitem__)
        right[first].append(second)
        left[second].append(first)
    return left, right


def _layers(phase: GraphPhase) -> list[list[str]]:
    """Return the images by the longest path of needs within the phase. A need that closes a cycle is ignored."""
    here = {image.name for image in phase.images}
    needs = {image.name: [need for need in image.needs if need in here] for image in phase.images}
    layer: dict[str, int] = {}
    path: set[str] = set()
    stack = list(reversed(needs))
    while stack:
        name = stack[-1]
        path.add(name)
        missing = [need for need in needs[name] if need not in layer and need not in path]
        if missing and name not in layer:
            stack += missing
            continue
        layer.setdefault(name, 1 + max((layer[need] for need in needs[name] if need in layer), default=-1))
        path.discard(stack.pop())
    layers: list[list[str]] = [[] for _ in range(1 + max(layer.values()))]
    for name in needs:
        layers[layer[name]].append(name)
    return layers


def _ordered(layers: Sequence[list[str]], graph: Graph, limit: int) -> list[list[str]]:
    """Return the layers, each sorted by the mean height of its neighbours, in both directions: fewer edges cross."""
    left, right = neighbours(graph, {name: rank for rank, layer in enumerate(layers) for name in layer})
    height: dict[str, float] = {}
    ordered = list(layers)

    def stack(rank: int, layer: list[str]) -> None:
        ordered[rank] = layer
        for row, name in enumerate(layer):
            height[name] = (row - (len(layer) - 1) / 2) / ceil(len(layer) / limit)

    for rank, layer in enumerate(layers):
        stack(rank, layer)
    ranks = range(len(layers))
    for order, side in [(ranks, left), (ranks[::-1], right)] * _SWEEPS:
        for rank in order:
            means = {name: fmean(height[each] for each in side[name] or [name]) for name in ordered[rank]}
            stack(rank, sorted(ordered[rank], key=means.__getitem__))
    return ordered


def _wrapped(layer: Sequence[str], limit: int) -> list[Column]:
    """Return the layer as columns of limited length. Images go to the columns in turn, so each keeps its height."""
    count = ceil(len(layer) / limit)
    return [tuple(layer[first::count]) for first in range(count)]
