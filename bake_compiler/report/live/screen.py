"""Shows the state of a run on a terminal, at most three times a second, and removes it at the end."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.segment import Segment
from rich.style import Style

from bake_compiler.report.events import Event
from bake_compiler.report.live.frame import frame
from bake_compiler.report.live.state import RunState, fold
from bake_compiler.report.live.table import Line
from bake_compiler.report.live.time_left import time_left

_REFRESH = 1 / 3  # seconds


@contextmanager
def on_screen(
    stream: TextIO, environ: Mapping[str, str], now: Callable[[], float] = time.time
) -> Iterator[Callable[[Event], None]]:
    """Return a context manager that shows events on a terminal.

    Text that is written to `sys.stderr` appears above them.

    Args:
        stream: the terminal.
        environ: the environment, for NO_COLOR and TERM.
        now: returns the time in seconds since the epoch.
    """
    console = Console(file=stream, force_terminal=True, force_interactive=True, _environ=environ)
    live = Live(_Frame(()), console=console, auto_refresh=False, transient=True, redirect_stdout=False)
    screen = _Screen(live, now)
    with live:
        thread = threading.Thread(target=screen.keep_fresh, name="live view", daemon=True)
        thread.start()
        try:
            yield screen.told
        finally:
            screen.over.set()
            thread.join()


class _Screen:
    """The newest state. The event loop's thread writes it, and the view's thread reads it."""

    def __init__(self, live: Live, now: Callable[[], float]) -> None:
        self.live = live
        self.now = now
        self.run = RunState()
        self.over = threading.Event()

    def told(self, event: Event) -> None:
        """Take an event. The next refresh shows it."""
        self.run = fold(self.run, event)

    def keep_fresh(self) -> None:
        """Redraw what has changed, until the run is over."""
        shown: tuple[Line, ...] = ()
        size, left, estimated = self.live.console.size, None, 0.0
        while not self.over.wait(_REFRESH):
            before, size, now, run = size, self.live.console.size, self.now(), self.run
            if now - estimated >= 1:
                left, estimated = time_left(run, now), now
            if size.width < before.width or size.height < before.height:
                self.live.console.clear()  # a resized terminal wraps lines again: their position is unknown
            lines = frame(run, left, now, *size)
            if lines != shown or size != before:
                self.live.update(_Frame(lines), refresh=True)
            shown = lines


class _Frame:
    def __init__(self, lines: tuple[Line, ...]) -> None:
        self.lines = lines

    def __rich_console__(self, _console: Console, _options: ConsoleOptions) -> RenderResult:
        for line in self.lines:
            yield from (Segment(words.text, Style.parse(words.style)) for words in line)
            yield Segment.line()
