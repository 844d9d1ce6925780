"""Rectangles, and how to keep things apart."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, in pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The position of the right side."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The position of the lower side."""
        return self.y + self.height

    @property
    def middle(self) -> float:
        """The height of the middle."""
        return self.y + self.height / 2


def spread(
    wanted: Sequence[float], step: float, low: float, high: float, pulls: Iterable[float] = repeat(1.0)
) -> list[float]:
    """Return positions in the same order, at least `step` apart, from `low` to `high`, as near as possible to `wanted`.

    This is isotonic regression: neighbours that would be too close move as one block to the weighted mean of their
    wanted positions.
    """
    blocks: list[tuple[float, float, int]] = []
    for index, (want, pull) in enumerate(zip(wanted, pulls, strict=False)):
        mean, weight, size = want - index * step, pull, 1
        while blocks and blocks[-1][0] >= mean:
            other, its, more = blocks.pop()
            mean, weight, size = (mean * weight + other * its) / (weight + its), weight + its, size + more
        blocks.append((mean, weight, size))
    last = max(low, high - (len(wanted) - 1) * step)
    places = (min(max(mean, low), last) for mean, _, size in blocks for _ in range(size))
    return [place + index * step for index, place in enumerate(places)]
