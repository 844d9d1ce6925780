"""Groups of asyncio tasks that fail together, and work that a cancellation does not interrupt."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

_T = TypeVar("_T")


@asynccontextmanager
async def together() -> AsyncIterator[asyncio.TaskGroup]:
    """Yield a task group. The first error cancels the other tasks, waits for them, and is raised unchanged.

    Raises:
        Exception: the error of the task that failed first.
    """
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from errors


async def to_its_end(work: Coroutine[Any, Any, _T]) -> _T:
    """Return the result of `work`. Ctrl-C waits until the work is complete.

    Raises:
        Exception: the error of the work.
    """
    task = asyncio.create_task(work)
    while True:
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise
