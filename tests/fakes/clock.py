"""Time that passes only when someone sleeps."""

from dataclasses import dataclass, field

from bake_compiler.registry import Retry


@dataclass
class FakeClock:
    """A clock whose sleep returns at once."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def read(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def retry(self) -> Retry:
        """The retry policy of the product, on this clock and without jitter."""
        return Retry(clock=self.read, sleep=self.sleep, jitter=lambda: 1.0)
