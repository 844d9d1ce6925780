"""Estimates how long a run will still take, from the times of the last builds."""

import heapq
from graphlib import TopologicalSorter
from typing import NamedTuple

from bake_compiler.report.live.state import ENDS, ImageState, LiveState, RunState


class TimeLeft(NamedTuple):
    """Seconds until the last image ends. It is a lower bound if an image already takes longer than the last time."""

    seconds: float
    at_least: bool


def time_left(run: RunState, now: float) -> TimeLeft | None:
    """Return the time left, if slots are never empty and no failure blocks an image.

    None if it can't be known: an image that has not ended was never built before, or all images that are left are
    overdue.
    """
    left = {name: image for name, image in run.images.items() if image.state not in ENDS}
    if not left or not all(name in run.known for name in left):
        return None
    owed = {name: _owed(image, run.known[name], now) for name, image in left.items()}
    needs = {name: [need for need in image.expected.needs if need in left] for name, image in left.items()}
    begun = {name for name, image in left.items() if image.state is not LiveState.WAITING}
    seconds = _played({name: max(0.0, each) for name, each in owed.items()}, needs, begun, run.slots)
    return TimeLeft(seconds, any(each < 0 for each in owed.values())) if seconds > 0 else None


def _owed(image: ImageState, known: float, now: float) -> float:
    """Seconds that the image still takes. Negative if it is overdue."""
    if image.state is LiveState.WAITING:
        return known
    if image.state is LiveState.PAUSING:
        return max(0.0, image.until - now) + known
    return known - (now - image.attempted)


def _played(owed: dict[str, float], needs: dict[str, list[str]], begun: set[str], slots: int) -> float:
    """When the last image ends, if each free slot takes the longest image that is ready. In seconds from now."""
    sorter = TopologicalSorter(needs)
    sorter.prepare()
    ready: list[tuple[bool, float, str]] = []
    busy: list[tuple[float, str]] = []
    now = 0.0
    while sorter.is_active():
        for name in sorter.get_ready():
            heapq.heappush(ready, (name not in begun, -owed[name], name))
        while ready and len(busy) < max(1, slots):
            name = heapq.heappop(ready)[2]
            heapq.heappush(busy, (now + owed[name], name))
        now, name = heapq.heappop(busy)
        sorter.done(name)
    return now
