"""One vertex of BuildKit's graph. Its state changes as buildx reports events."""

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
    """The known state of a vertex, or of a part of an export.

    Attributes:
        text: its name as BuildKit writes it.
        name: the parts of the name.
        is_part: whether it is a part of an export.
        began, ended: seconds since the epoch; 0 if it has not begun or ended.
        cached: whether the result came from the cache.
        error: BuildKit's message.
        is_told: whether its beginning is already in the log.
        tail: the last lines of its output.
        rest: output after the last end of a line.
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
        """Whether it failed by itself. False if it was canceled because another vertex failed."""
        return bool(self.error) and not CANCELED.fits(self.text, bare(self.error))

    @property
    def is_from_cache(self) -> bool:
        """Whether it ended without running, because its result was in the cache."""
        return self.ended > 0 and self.cached

    @property
    def is_worth_a_step(self) -> bool:
        """Whether a person wants to see it. Internal work of BuildKit is shown only if it was slow or failed."""
        if not self.began:
            return False
        lasts = self.is_part and not self.ended
        return self.name.counts or lasts or self.ended - self.began >= WORTH_SECONDS or self.failed

    @property
    def step(self) -> Step:
        """Return the vertex as a step."""
        name = self.name
        error = without_secrets(self.error)
        return Step(name.words, name.platform, name.stage, self.began, self.ended, self.cached, error)

    def move(self, began: float, ended: float, *, cached: bool = False, error: str = "") -> bool:
        """Update the state. Return whether the state changed.

        A vertex may end and begin again. The solves of two targets may both report the same vertex, each with its own
        clock.

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
        """Add output. Return the complete lines, without secrets and without text that a carriage return overwrote."""
        *lines, self.rest = (self.rest + data).split(b"\n")
        if len(self.rest) > _LONGEST_REST:
            lines, self.rest = [*lines, self.rest], b""
        shown = (line.rstrip(b"\r").rpartition(b"\r")[2] for line in lines)
        texts = [without_secrets(line.decode("utf-8", errors="replace")) for line in shown]
        self.tail.extend(text[:_LONGEST_LINE] for text in texts[-TAIL_LINES:])
        return texts

    def flush(self) -> list[str]:
        """Return the last line of the output if it has no line end. If the vertex succeeded, its tail is forgotten."""
        lines = self.write(b"\n") if self.rest else []
        if not self.error:
            self.tail.clear()
        return lines
