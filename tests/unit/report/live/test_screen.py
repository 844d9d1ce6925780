"""The live view on a real pseudo-terminal: what is drawn, and that the terminal is as it was before."""

import fcntl
import os
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parents[4]
LONGEST = 60.0  # seconds that anything may take
HIDE, SHOW, CLEAR = "\x1b[?25l", "\x1b[?25h", "\x1b[2J"
WHOLE = "1 failed"  # the last of what the child tells is seen in the bar
COLOUR = re.compile(r"\x1b\[(?:[0-9]+;)*(?:3[0-7]|9[0-7]|38;[0-9;]+)m")
SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
CHILD = """
import os, sys, time
from benchmarks.live import made_up
from bake_compiler.report.live import watch

run = made_up(13, time.time() - 30)
with watch(sys.stderr, terminal=True, plain=False, quiet=False, as_json=False, environ=os.environ) as told:
    for event in run.events():
        if event.at < run.began + 30:
            told(event)
    input()
    print("a message", file=sys.stderr)
    input()
    if "raise" in sys.argv:
        raise RuntimeError("from within")
print("the report")
"""


class Screen:
    """A pseudo-terminal with a live view on it."""

    def __init__(self, master: int, child: subprocess.Popen[bytes]) -> None:
        self.master = master
        self.child = child
        self.drawn = ""

    def until(self, text: str, since: int = 0) -> None:
        """Wait until this was drawn, after so many letters."""
        deadline = time.monotonic() + LONGEST
        while text not in self.drawn[since:]:
            assert time.monotonic() < deadline, self.drawn[-2000:]
            self.read()

    def read(self) -> bool:
        """Take what was drawn; False when the other side is closed."""
        if not select.select([self.master], [], [], 1.0)[0]:
            return True
        with suppress(OSError):
            if read := os.read(self.master, 1 << 16):
                self.drawn += read.decode(errors="replace")
                return True
        return False

    def resize(self, width: int, height: int) -> None:
        """Make it another size."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def end(self) -> int:
        """Let the run say something and end; the exit status."""
        os.write(self.master, b"\n\n")
        while self.read():
            pass
        return self.child.wait(LONGEST)


@contextmanager
def screen(*arguments: str, width: int = 80, height: int = 24, **environ: str) -> Iterator[Screen]:
    master, slave = os.openpty()
    kept = {name: value for name, value in os.environ.items() if name not in {"CI", "NO_COLOR", "COLUMNS", "LINES"}}
    try:
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        settings = termios.tcgetattr(slave)
        settings[3] &= ~termios.ECHO
        termios.tcsetattr(slave, termios.TCSANOW, settings)
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, *arguments],
            cwd=ROOT,
            env={**kept, "TERM": "xterm-256color", **environ},
            stdin=slave,
            stdout=slave,
            stderr=slave,
        ) as child:
            os.close(slave)
            try:
                yield Screen(master, child)
            finally:
                child.kill()
    finally:
        os.close(master)


def rows(drawn: str) -> list[str]:
    return re.split(r"[\r\n]+", SEQUENCE.sub("", drawn))


def test_a_run_is_drawn_in_colour_with_messages_above_it_and_is_gone_in_the_end() -> None:
    with screen() as shown:
        shown.until(WHOLE)
        assert shown.end() == 0

    drawn = shown.drawn
    message = drawn.index("\x1b[2Ka message\r\n")
    assert "image           phase" in drawn[message:]
    assert COLOUR.search(drawn)
    assert drawn.rindex(HIDE) < drawn.rindex(SHOW) < drawn.index("the report")
    assert all(len(row) <= 80 for row in rows(drawn))
    erased = drawn[drawn.rindex(SHOW) : drawn.index("the report")]
    assert erased.count("\x1b[2K") == 15  # names of columns, 13 rows and the bar


def test_an_exception_passes_and_the_cursor_is_back() -> None:
    with screen("raise") as shown:
        shown.until(WHOLE)
        assert shown.end() == 1

    assert shown.drawn.rindex(SHOW) < shown.drawn.index("RuntimeError: from within")


def test_no_color_has_no_colours_and_the_same_words() -> None:
    with screen(NO_COLOR="1") as shown:
        shown.until(WHOLE)
        assert shown.end() == 0

    assert not COLOUR.search(shown.drawn)
    assert "/13 images" in shown.drawn
    assert "building" in shown.drawn


def test_a_screen_that_becomes_smaller_is_drawn_anew() -> None:
    with screen() as shown:
        shown.until(WHOLE)
        shown.resize(50, 12)
        shown.until(CLEAR)
        after = shown.drawn.index(CLEAR)
        shown.until(WHOLE, after)
        shown.end()

    smaller = shown.drawn[after:].partition("the report")[0]
    assert all(len(row) <= 50 for row in rows(smaller))
    assert "… " in smaller


def test_a_screen_that_becomes_larger_is_used() -> None:
    with screen() as shown:
        shown.until(WHOLE)
        shown.resize(150, 40)
        shown.until("retries")
        shown.end()

    assert CLEAR not in shown.drawn
