"""Tasks that stand and fall together, and work that nothing stops in its middle."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

_T = TypeVar("_T")


@asynccontextmanager
async def together() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group whose first error ends the other tasks, is waited for, and is raised as itself.

    Raises:
        Exception: that of the task that failed first.
    """
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from errors


async def to_its_end(work: Coroutine[Any, Any, _T]) -> _T:
    """What must not be left half done: Ctrl-C waits for it.

    Raises:
        Exception: that of the work.
    """
    task = asyncio.create_task(work)
    while True:
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise
