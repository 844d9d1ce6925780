"""A builder in memory, for the scheduler: what it did, in which order, and when."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bake_compiler.plan import PlannedImage
from bake_compiler.schedule import Blocked, Retries, run_all
from tests.fakes.virtual_time import VirtualLoop
from tests.fakes.virtual_time import run as run_virtually


@dataclass(frozen=True)
class Span:
    """An attempt: when it held its slot, and how many things had begun, failed or ended before it."""

    image: str
    number: int
    began: float
    ended: float


@dataclass
class Yard:
    """Work that takes virtual time (schedule.Work).

    Attributes:
        failing: images that fail for good.
        flaky: image → how many attempts of it fail before one succeeds.
        takes: image → seconds of an attempt, 1 where it is not said.
        verifying: image → seconds after that, without a slot.
        retries: when a flaky image is attempted again.
        explodes: an image whose attempt raises.
        inside: images that are in a slot.
        most: how many were at once.
        spans: attempts that are over, however they ended.
        ended: image → whether it is good, or why it was not built.
        story: what happened, in order.
    """

    failing: set[str] = field(default_factory=set)
    flaky: Mapping[str, int] = field(default_factory=dict)
    takes: Mapping[str, float] = field(default_factory=dict)
    verifying: Mapping[str, float] = field(default_factory=dict)
    retries: Retries = field(default_factory=lambda: Retries(jitter=lambda: 0.5))
    explodes: str = ""
    inside: set[str] = field(default_factory=set)
    most: int = 0
    spans: list[Span] = field(default_factory=list)
    paused_until: dict[str, float] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    ended: dict[str, bool | Blocked] = field(default_factory=dict)
    story: list[tuple[str, str]] = field(default_factory=list)

    async def attempt(self, image: PlannedImage, number: int) -> float | None:
        began = _now()
        assert image.name not in self.inside
        self.story.append(("begin", image.name))
        self.inside.add(image.name)
        self.most = max(self.most, len(self.inside))
        try:
            await asyncio.sleep(self.takes.get(image.name, 1.0))
            if image.name == self.explodes:
                raise ZeroDivisionError
        finally:
            self.inside.remove(image.name)
            self.spans.append(Span(image.name, number, began, _now()))
        pause = self.retries.pause(number) if number <= self.flaky.get(image.name, 0) else None
        if pause is None:
            self.settled.add(image.name)
        else:
            self.paused_until[image.name] = _now() + pause
        return pause

    async def finish(self, image: PlannedImage) -> bool:
        if image.name in self.verifying:
            await asyncio.sleep(self.verifying[image.name])
        good = image.name not in self.failing and self.flaky.get(image.name, 0) <= self.retries.budget
        self._end(image, good)
        return good

    def blocked(self, image: PlannedImage, why: Blocked) -> None:
        self._end(image, why)

    def _end(self, image: PlannedImage, outcome: bool | Blocked) -> None:
        assert image.name not in self.ended, f"{image.name} ended twice"
        self.ended[image.name] = outcome
        self.story.append(("good" if outcome is True else "bad", image.name))

    @property
    def begun(self) -> list[str]:
        """The images, in order of their attempts."""
        return [name for what, name in self.story if what == "begin"]

    def run(self, *images: PlannedImage, slots: int = 2, **options: Any) -> None:
        """Give them all their chance."""
        run_virtually(run_all(images, self, slots=slots, **options))

    def is_ready(
        self, image: PlannedImage, images: Sequence[PlannedImage], closed: Mapping[str, Sequence[str]]
    ) -> bool:
        """Whether there is nothing that it still has to wait for, but a slot."""
        among = {each.name for each in images}
        gated = closed.get(image.phase, ())
        return (
            image.name not in self.inside | self.settled | self.ended.keys()
            and self.paused_until.get(image.name, 0.0) <= _now()
            and all(self.ended.get(need) is True for need in image.needs if need in among)
            and all(each.name in self.ended for each in images if each.phase in gated)
        )


def _now() -> float:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop.now
