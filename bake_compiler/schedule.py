"""Which image is built when: edges respected, slots bounded, the longest way first, and no failure stops another image.

Pure, given functions that build one image.
"""

import asyncio
import heapq
import random
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from statistics import median
from typing import Protocol

from bake_compiler.plan.order import needs_first
from bake_compiler.plan.plan import PlannedImage
from bake_compiler.system.tasks import together

MEMORY_FOR_ONE = 2 << 30
"""Bytes of memory that one image is reckoned to need while it is built."""

_SLOTS_OF_CORE = 4
_SLOW = 10  # times as long: about what emulation costs
_FOUND = 2  # steps: a FROM and a RUN, which BuildKit finds in its cache


def default_slots(nodes: int, cores: int, memory: int) -> int:
    """How many images to build at once: four for each core, as much of a build is waiting; less where memory is short.

    Args:
        nodes: of the builder.
        cores: of each node.
        memory: bytes of each node; 0 when it is not known.
    """
    fitting = memory // MEMORY_FOR_ONE if memory else 2 * cores
    return max(1, nodes) * max(1, min(_SLOTS_OF_CORE * cores, fitting))


@dataclass(frozen=True)
class Retries:
    """When a failed image is attempted again: after growing pauses with jitter, and only so often.

    Attributes:
        budget: how many more attempts an image has after its first.
        first, longest: seconds of the first pause, and of the longest; each is three times the one before.
        jitter: a number from 0 to 1, other each time.
    """

    budget: int = 3
    first: float = 3.0
    longest: float = 60.0
    jitter: Callable[[], float] = random.random

    def pause(self, attempt: int, asked_for: float = 0.0) -> float | None:
        """Seconds to wait after this attempt, counted from 1, and at least what was asked for; None after the last."""
        if attempt > self.budget:
            return None
        pause = min(self.longest, self.first * 3.0 ** min(attempt - 1, 20)) * (0.75 + self.jitter() / 2)
        return max(pause, min(asked_for, 2 * self.longest))


@dataclass(frozen=True)
class Blocked:
    """An image that was not built, because of another one; which did not fail itself if it was `stopped`."""

    by: str
    stopped: bool = False


class Work(Protocol):
    """What it takes to build an image."""

    async def attempt(self, image: PlannedImage, number: int) -> float | None:
        """Try once, in a slot; seconds to wait before it is tried again, or None when that is settled."""

    async def finish(self, image: PlannedImage) -> bool:
        """What needs no slot any more; whether images that need this one may go ahead."""

    def blocked(self, image: PlannedImage, why: Blocked) -> None:
        """Hear that an image is not built."""


async def run_all(  # noqa: D417 - Work says what it is
    images: Sequence[PlannedImage],
    work: Work,
    *,
    slots: int,
    seconds: Mapping[str, float] | None = None,
    slow: Collection[str] = (),
    phases: Sequence[str] = (),
    gates: frozenset[str] = frozenset(),
    fail_fast: bool = False,
) -> None:
    """Give every image its chance.

    Args:
        images: what to build; a need that is not among them is not waited for.
        slots: how many may be built at once.
        seconds: image → how long it took the last time, where that is known.
        slow: images that are likely to take long, where that is not.
        phases: all phases, in order.
        gates: phases whose images wait until all those of earlier phases have ended, well or not.
        fail_fast: after a failure begin nothing more, and stop what is being built.

    Raises:
        Exception: that of a function of `work`; it ends the whole run.
    """
    way = ways(images, seconds or {}, slow)
    longest_first = sorted(images, key=lambda image: -way[image.name])
    closed = {phase: phases[: phases.index(phase)] for phase in phases if phase in gates}
    run = _Run(work, longest_first, _Slots(slots), way, closed, fail_fast)
    await run.all()


def side_by_side(images: Sequence[PlannedImage], steps: Mapping[str, Sequence[str]]) -> list[PlannedImage]:
    """The images, those whose builds begin alike next to each other, else in the order in which they came.

    What builds share runs once for all that run at a time. Later it may run anew: while another build holds a step that
    it ran, what follows that step is not looked up in the cache (moby/buildkit#6954). The first step after a FROM is,
    so that images which share no more than that are better left as they came.

    Args:
        images: to be built.
        steps: image → its FROMs and RUNs in order, as far as they are known.
    """
    numbers: dict[tuple[int, str], int] = {}  # of a beginning, by the number of what is before its last step
    first: list[int] = []  # image that begins so
    keys: dict[str, list[int]] = {}
    for number, image in enumerate(images):
        beginning, key = -1, []
        for step in steps.get(image.name, ()):
            beginning = numbers.setdefault((beginning, step), len(first))
            if beginning == len(first):
                first.append(number)
            key.append(first[beginning])
        keys[image.name] = [*key[_FOUND:], number]
    return sorted(images, key=lambda image: keys[image.name])


@dataclass
class _Run:
    work: Work
    images: Sequence[PlannedImage]
    slots: "_Slots"
    ways: Mapping[str, float]
    closed: Mapping[str, Sequence[str]]
    fail_fast: bool
    failed: set[str] = field(default_factory=set)
    stopped_by: str = ""

    def __post_init__(self) -> None:
        self.ended = {image.name: asyncio.Event() for image in self.images}
        self.gates = {phase: asyncio.Event() for phase in self.closed}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def all(self) -> None:
        async with together() as group:
            for phase, earlier in self.closed.items():
                group.create_task(self.open_gate(phase, frozenset(earlier)))
            for image in self.images:
                self.tasks[image.name] = group.create_task(self.give_chance(image))

    async def open_gate(self, phase: str, earlier: frozenset[str]) -> None:
        for image in self.images:
            if image.phase in earlier:
                await self.ended[image.name].wait()
        self.gates[phase].set()

    async def give_chance(self, image: PlannedImage) -> None:
        try:
            if gate := self.gates.get(image.phase):
                await gate.wait()
            for need in image.needs:
                if need in self.ended:
                    await self.ended[need].wait()
            if blocker := self._blocker(image):
                self._blocked(image, Blocked(blocker))
            else:
                await self._build(image)
        except asyncio.CancelledError:
            if not self.stopped_by:
                raise
            blocker = self._blocker(image)
            self._blocked(image, Blocked(blocker or self.stopped_by, stopped=not blocker))
        self.ended[image.name].set()

    async def _build(self, image: PlannedImage) -> None:
        pause: float | None = 0.0
        for number in count(1):
            if pause is None:
                break
            await asyncio.sleep(pause)
            async with self.slots.hold(self.ways[image.name]):
                pause = await self.work.attempt(image, number)
        if not await self.work.finish(image):
            self.failed.add(image.name)
            self._stop(image)

    def _blocker(self, image: PlannedImage) -> str:
        return next((need for need in image.needs if need in self.failed), "")

    def _blocked(self, image: PlannedImage, why: Blocked) -> None:
        self.failed.add(image.name)
        self.work.blocked(image, why)

    def _stop(self, image: PlannedImage) -> None:
        if self.fail_fast and not self.stopped_by:
            self.stopped_by = image.name
            for name, task in self.tasks.items():
                if name != image.name and not self.ended[name].is_set():
                    task.cancel()


@dataclass
class _Slots:
    """A semaphore whose next holder is the one with the longest way before it; of equals the first to come."""

    free: int
    waiting: list[tuple[float, int, asyncio.Future[None]]] = field(default_factory=list)
    came: int = 0

    @asynccontextmanager
    async def hold(self, way: float) -> AsyncIterator[None]:
        await self._take(way)
        try:
            yield
        finally:
            self._give()

    async def _take(self, way: float) -> None:
        if self.free:
            self.free -= 1
            return
        self.came += 1
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self.waiting, (-way, self.came, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._give()  # it was ours already
            raise

    def _give(self) -> None:
        while self.waiting:
            _, _, turn = heapq.heappop(self.waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self.free += 1


def ways(images: Sequence[PlannedImage], seconds: Mapping[str, float], slow: Collection[str] = ()) -> dict[str, float]:
    """Image → seconds from its beginning to the end of the longest chain that needs it: the critical path's is longest.

    An image whose time is not known counts as the median of those that are, or as one second; ten times if slow.
    """
    names = {image.name for image in images}
    known = [seconds[name] for name in names if name in seconds]
    usual = median(known) if known else 1.0
    found: dict[str, float] = {}
    after: dict[str, float] = {}
    for image in reversed(needs_first(images)):
        reckoned = usual * (_SLOW if image.name in slow else 1)
        found[image.name] = seconds.get(image.name, reckoned) + after.get(image.name, 0.0)
        for need in image.needs:
            after[need] = max(after.get(need, 0.0), found[image.name])
    return found
