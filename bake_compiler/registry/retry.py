"""How long to keep asking a registry that cannot answer yet."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime


@dataclass(frozen=True)
class Retry:
    """When to ask again: exponential pauses with jitter, within a deadline; clock and sleep can be replaced.

    Attributes:
        deadline: seconds from the first question until a failure is final.
        settling: seconds that content just pushed may stay unseen.
        first, longest: seconds of the first pause and of the longest.
        jitter: a number from 0 to 1, other each time.
    """

    deadline: float = 30.0
    settling: float = 5.0
    first: float = 0.25
    longest: float = 8.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    jitter: Callable[[], float] = random.random

    def patience(self, seconds: float | None = None) -> "Patience":
        """Patience that ends this many seconds from now: the deadline's, unless told."""
        return Patience(self, self.clock() + (self.deadline if seconds is None else seconds))


@dataclass
class Patience:
    """The patience left for one question."""

    retry: Retry
    end: float
    tries: int = field(default=0)

    async def pause(self, asked_for: float | None = None) -> bool:
        """Wait before the next try, at least as long as the registry asked for; False when time is up."""
        ceiling = min(self.retry.longest, self.retry.first * 2**self.tries)
        seconds = max(ceiling * (0.5 + self.retry.jitter() / 2), asked_for or 0.0)
        if self.retry.clock() + seconds > self.end:
            return False
        self.tries += 1
        await self.retry.sleep(seconds)
        return True


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a `Retry-After` asks for; a date counts from the answer's own `Date`."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        pause = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, TypeError):
        return None
    return max(0.0, pause.total_seconds())
