"""Decides which image is built when. An image waits for its needs, and at most `slots` images are built at once.

The image with the longest chain of images after it goes first. A failure stops no image that does not need it. This
module is pure: the functions that build one image are given to it.
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
"""The memory, in bytes, that bakec assumes for the build of one image."""

_SLOTS_OF_CORE = 4
_SLOW = 10  # an emulated build takes about ten times as long
_FOUND = 2  # a FROM and a RUN: BuildKit finds these steps in its cache


def default_slots(nodes: int, cores: int, memory: int) -> int:
    """Return how many images are built at once: four for each core, since builds often wait; fewer if memory is short.

    Args:
        nodes: the number of the builder's nodes.
        cores: the cores of each node.
        memory: the memory of each node in bytes; 0 if unknown.
    """
    fitting = memory // MEMORY_FOR_ONE if memory else 2 * cores
    return max(1, nodes) * max(1, min(_SLOTS_OF_CORE * cores, fitting))


@dataclass(frozen=True)
class Retries:
    """When a failed image is attempted again: a limited number of times, after growing pauses with jitter.

    Attributes:
        budget: the number of attempts after the first attempt.
        first, longest: the first and the longest pause, in seconds. Each pause is three times the pause before.
        jitter: returns a random number from 0 to 1.
    """

    budget: int = 3
    first: float = 3.0
    longest: float = 60.0
    jitter: Callable[[], float] = random.random

    def pause(self, attempt: int, asked_for: float = 0.0) -> float | None:
        """Return the pause after an attempt (the first is 1), in seconds; at least `asked_for`; None after the last."""
        if attempt > self.budget:
            return None
        pause = min(self.longest, self.first * 3.0 ** min(attempt - 1, 20)) * (0.75 + self.jitter() / 2)
        return max(pause, min(asked_for, 2 * self.longest))


@dataclass(frozen=True)
class Blocked:
    """Why an image was not built: because of the image `by`. If `stopped`, `--fail-fast` ended the run instead."""

    by: str
    stopped: bool = False


class Work(Protocol):
    """The functions that build one image."""

    async def attempt(self, image: PlannedImage, number: int) -> float | None:
        """Build once, in a slot. Return the pause before the next attempt in seconds; None if no attempt follows."""

    async def finish(self, image: PlannedImage) -> bool:
        """Do the work that needs no slot, such as verifying. Return whether images that need this image may begin."""

    def blocked(self, image: PlannedImage, why: Blocked) -> None:
        """Record that an image is not built."""


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
    """Build every image, or record why it was not built.

    Args:
        images: the images; nobody waits for a need that is not among them.
        slots: how many images may be built at once.
        seconds: image → how long its last build took, if known.
        slow: images that probably take long, if the time of their last build is unknown.
        phases: all phases, in order.
        gates: phases whose images wait until all images of earlier phases have ended, also if some of them failed.
        fail_fast: after a failure, begin no other image and stop the running builds.

    Raises:
        Exception: a function of `work` raised it; the whole run ends.
    """
    way = ways(images, seconds or {}, slow)
    longest_first = sorted(images, key=lambda image: -way[image.name])
    closed = {phase: phases[: phases.index(phase)] for phase in phases if phase in gates}
    run = _Run(work, longest_first, _Slots(slots), way, closed, fail_fast)
    await run.all()


def side_by_side(images: Sequence[PlannedImage], steps: Mapping[str, Sequence[str]]) -> list[PlannedImage]:
    """Return the images in an order that puts images with the same first steps next to each other.

    BuildKit runs a shared step once for all builds that run at the same time. A build that starts later may repeat the
    step. While another build still holds a RUN that it executed, BuildKit does not look up the steps after that RUN in
    its cache (moby/buildkit#6954). It does look up the first RUN after a FROM. So images that share only that RUN keep
    their order.

    Args:
        images: the images to build.
        steps: image → its FROMs and RUNs in order, as far as they are known.
    """
    numbers: dict[tuple[int, str], int] = {}  # (number of the steps before, step) → number of these steps together
    first: list[int] = []  # number of the steps → the first image that begins with them
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
    """A semaphore. The next holder is the task with the longest chain after it; among equals, the first that came."""

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
                self._give()  # the slot was already given to this task
            raise

    def _give(self) -> None:
        while self.waiting:
            _, _, turn = heapq.heappop(self.waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self.free += 1


def ways(images: Sequence[PlannedImage], seconds: Mapping[str, float], slow: Collection[str] = ()) -> dict[str, float]:
    """Return image → seconds from its start to the end of the longest chain of images that need it.

    An image with an unknown time counts as the median of the known times, or as one second; ten times that if slow.
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
