"""Where a run stands → how long it will still take, by what the images took the last time."""

import heapq
from graphlib import TopologicalSorter
from typing import NamedTuple

from bake_compiler.report.live.state import ENDS, ImageState, LiveState, RunState


class TimeLeft(NamedTuple):
    """Seconds until the last image ends; a lower bound when an image already takes longer than the last time."""

    seconds: float
    at_least: bool


def time_left(run: RunState, now: float) -> TimeLeft | None:
    """What is to be expected when slots are never empty and failures block nothing.

    None when it cannot be known: an image that has not ended was never built before, or all that are left are overdue.
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
    """Seconds that it still takes; negative when it is overdue."""
    if image.state is LiveState.WAITING:
        return known
    if image.state is LiveState.PAUSING:
        return max(0.0, image.until - now) + known
    return known - (now - image.attempted)


def _played(owed: dict[str, float], needs: dict[str, list[str]], begun: set[str], slots: int) -> float:
    """When the last one ends, in slots that are filled by what is ready, the longest first."""
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
