"""An event loop whose time passes only while nothing else can be done, and then at once."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, TypeVar, TypeVarTuple

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")


class NothingWillHappenError(Exception):
    """Every task waits for another one."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """Such a loop.

    Attributes:
        now: seconds that have passed.
        steps: how many callbacks were run or are to be.
        on_wait: is called each time when all has been done that can be, before time passes.
    """

    def __init__(self, on_wait: Callable[[], None] = lambda: None) -> None:
        self.now = 0.0
        self.steps = 0
        self.on_wait = on_wait
        super().__init__(_Selector(self._wait))

    def time(self) -> float:
        """The time of all that the loop does."""
        return self.now

    def call_soon(
        self, callback: Callable[[*_Ts], object], *args: *_Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Count it."""
        self.steps += 1
        return super().call_soon(callback, *args, context=context)

    def run_in_executor(self, _executor: object, func: Callable[[*_Ts], _T], *args: *_Ts) -> asyncio.Future[_T]:
        """Do it at once: what a thread does takes no time of the loop."""
        future: asyncio.Future[_T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - whoever awaits it gets it
            future.set_exception(error)
        return future

    def _wait(self, seconds: float | None) -> None:
        self.on_wait()
        if seconds is None:
            raise NothingWillHappenError
        self.now += seconds


class _Selector(selectors.SelectSelector):
    def __init__(self, wait: Callable[[float | None], None]) -> None:
        super().__init__()
        self._wait = wait

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events and timeout != 0:
            self._wait(timeout)
        return events


def run(work: Coroutine[Any, Any, _T], on_wait: Callable[[], None] = lambda: None) -> _T:
    """`asyncio.run` in virtual time."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(on_wait)) as runner:
        return runner.run(work)
