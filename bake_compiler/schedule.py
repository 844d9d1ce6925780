"""Which image is built when: edges respected, slots bounded, and no failure stops another image.

Pure, given a function that builds one image.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bake_compiler.plan.plan import PlannedImage

_O = TypeVar("_O")


@dataclass(frozen=True)
class Blocked:
    """An image that was not attempted, because of another one."""

    by: str


async def run_all(
    images: Sequence[PlannedImage],
    slots: int,
    build: Callable[[PlannedImage], Awaitable[_O]],
    succeeded: Callable[[_O], bool],
    on_end: Callable[[PlannedImage, _O | Blocked], None],
) -> None:
    """Give every image its chance.

    Args:
        images: what to build; a need that is not among them is not waited for.
        slots: how many may be built at once.
        build: builds one image; an exception from it ends the whole run.
        succeeded: whether images that need this one may go ahead.
        on_end: told once of each image, as it ends.
    """
    free = asyncio.Semaphore(slots)
    ended = {image.name: asyncio.Event() for image in images}
    failed: set[str] = set()

    async def give_chance(image: PlannedImage) -> None:
        for need in image.needs:
            if need in ended:
                await ended[need].wait()
        outcome = await attempt(image)
        if isinstance(outcome, Blocked) or not succeeded(outcome):
            failed.add(image.name)
        on_end(image, outcome)
        ended[image.name].set()

    async def attempt(image: PlannedImage) -> _O | Blocked:
        if blocker := next((need for need in image.needs if need in failed), None):
            return Blocked(blocker)
        async with free:
            return await build(image)

    try:
        async with asyncio.TaskGroup() as group:
            for image in images:
                group.create_task(give_chance(image))
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from errors
