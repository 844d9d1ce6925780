"""One vertex of BuildKit's graph, as it is told of over time."""

from collections import deque
from dataclasses import dataclass, field

from bake_compiler.buildx.fault import bare, without_secrets
from bake_compiler.buildx.faults import CANCELED
from bake_compiler.buildx.name import VertexName
from bake_compiler.buildx.step import Step

TAIL_LINES = 20
WORTH_SECONDS = 0.5
_LONGEST_LINE = 4096
_LONGEST_REST = 65_536


@dataclass(slots=True)
class Vertex:
    """What is known of a vertex, or of a part of an export.

    Attributes:
        text: its name as BuildKit gives it.
        name: the parts of that.
        is_part: it is a part of an export.
        began, ended: seconds since the epoch; 0 when it did not yet.
        cached: its result was there.
        error: BuildKit's words.
        is_told: someone was told that it began.
        tail: the last lines of its output.
        rest: output after the last line end.
    """

    text: str
    name: VertexName
    is_part: bool = False
    began: float = 0.0
    ended: float = 0.0
    cached: bool = False
    error: str = ""
    is_told: bool = False
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL_LINES))
    rest: bytes = b""

    @property
    def failed(self) -> bool:
        """It ended by a fault of its own, and not because something else did."""
        return bool(self.error) and not CANCELED.fits(self.text, bare(self.error))

    @property
    def is_from_cache(self) -> bool:
        """It ended, and was not run."""
        return self.ended > 0 and self.cached

    @property
    def is_worth_a_step(self) -> bool:
        """A person wants to read of it: BuildKit's own errands only when they were slow or failed."""
        if not self.began:
            return False
        lasts = self.is_part and not self.ended
        return self.name.counts or lasts or self.ended - self.began >= WORTH_SECONDS or self.failed

    @property
    def step(self) -> Step:
        """The vertex as a step."""
        name = self.name
        error = without_secrets(self.error)
        return Step(name.words, name.platform, name.stage, self.began, self.ended, self.cached, error)

    def move(self, began: float, ended: float, *, cached: bool = False, error: str = "") -> bool:
        """Take what was said of it; true when that is news.

        A vertex may end and begin again, and the solves of two targets may speak of one in turn, each by its own clock.
        """
        before = (self.began > 0, self.ended > 0, self.cached, self.error)
        self.began = self.began or began
        self.ended = max(ended, self.began) if ended else 0.0
        self.cached = cached
        if not (self.failed and CANCELED.fits(self.text, bare(error))):
            self.error = error
        return before != (self.began > 0, self.ended > 0, self.cached, self.error)

    def write(self, data: bytes) -> list[str]:
        """Take output; returns the lines that are whole now, without secrets and what a carriage return overwrote."""
        *lines, self.rest = (self.rest + data).split(b"\n")
        if len(self.rest) > _LONGEST_REST:
            lines, self.rest = [*lines, self.rest], b""
        shown = (line.rstrip(b"\r").rpartition(b"\r")[2] for line in lines)
        texts = [without_secrets(line.decode("utf-8", errors="replace")) for line in shown]
        self.tail.extend(text[:_LONGEST_LINE] for text in texts[-TAIL_LINES:])
        return texts

    def flush(self) -> list[str]:
        """The line that its output ended in, when that had no end; what ended well needs no tail any more."""
        lines = self.write(b"\n") if self.rest else []
        if not self.error:
            self.tail.clear()
        return lines
