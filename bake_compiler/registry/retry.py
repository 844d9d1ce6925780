"""Decides how long bakec repeats a question that a registry can't answer yet."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime


@dataclass(frozen=True)
class Retry:
    """When to ask again: exponential pauses with jitter, up to a deadline. Tests can replace clock and sleep.

    Attributes:
        deadline: seconds from the first question until a failure is final.
        settling: seconds during which a registry may not show content that was just pushed.
        first, longest: the first and the longest pause, in seconds.
        jitter: returns a random number from 0 to 1.
    """

    deadline: float = 30.0
    settling: float = 5.0
    first: float = 0.25
    longest: float = 8.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    jitter: Callable[[], float] = random.random

    def patience(self, seconds: float | None = None) -> "Patience":
        """Return a patience that ends after this many seconds; without a number, after `deadline`."""
        return Patience(self, self.clock() + (self.deadline if seconds is None else seconds))


@dataclass
class Patience:
    """The time that is left for one question."""

    retry: Retry
    end: float
    tries: int = field(default=0)

    async def pause(self, asked_for: float | None = None) -> bool:
        """Wait before the next attempt, at least as long as the registry asked for. Return False if time is up."""
        ceiling = min(self.retry.longest, self.retry.first * 2**self.tries)
        seconds = max(ceiling * (0.5 + self.retry.jitter() / 2), asked_for or 0.0)
        if self.retry.clock() + seconds > self.end:
            return False
        self.tries += 1
        await self.retry.sleep(seconds)
        return True


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds in a `Retry-After` header. A date counts from the `Date` of the same answer."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        pause = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, TypeError):
        return None
    return max(0.0, pause.total_seconds())
