"""The table of the live view: an image's row, and the columns for which there is room. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from rich.cells import cell_len, set_cell_size

from bake_compiler.report.live.state import ImageState, LiveState, RunningStep, RunState
from bake_compiler.report.live.words import after_retries, cells_words, clock, count, one_line, step_words
from bake_compiler.report.words.lines import Words

Line: TypeAlias = tuple[Words, ...]

STYLES = {
    LiveState.WAITING: "dim",
    LiveState.BUILDING: "cyan",
    LiveState.PAUSING: "yellow",
    LiveState.VERIFYING: "blue",
    LiveState.BUILT: "green",
    LiveState.FAILED: "bold red",
    LiveState.BLOCKED: "yellow",
}
_WIDE = 100  # on a screen with at least so many cells, two spaces separate the columns
_ROOMY = 60  # if the last column has at least so many cells, it shows more


class _Column(NamedTuple):
    """A column.

    `spare` is the number of cells that must be left for the last column; otherwise this column is left out.
    """

    title: str
    text: Callable[[ImageState, float], str]
    spare: int = 0
    right: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """The columns that fit a screen, each with its width, and the number of cells for an image's current step."""

    columns: Sequence[tuple[_Column, int]]
    left: int
    width: int

    @classmethod
    def of(cls, run: RunState, now: float, width: int) -> "Table":
        """The table for a screen of this width. A narrower screen has fewer columns."""
        gap = _gap(width)
        widths = _widths(run, now, width)
        columns = [column for column in _COLUMNS if widths[column.title]]
        while True:
            left = width - sum(widths[column.title] + len(gap) for column in columns)
            cramped = max(columns, key=lambda column: column.spare, default=None)
            if cramped is None or cramped.spare <= left:
                return cls([(column, widths[column.title]) for column in columns], max(0, left), width)
            columns.remove(cramped)

    def heading(self) -> Line:
        """The line with the names of the columns."""
        return self._line([*(Words(column.title, "bold") for column, _ in self.columns), Words("now", "bold")])

    def row(self, run: RunState, image: ImageState, now: float) -> Line:
        """The line of one image."""
        plain = "dim" if image.state is LiveState.WAITING else ""
        styles = {"image": plain or "bold", "phase": "dim", "state": STYLES[image.state]}
        cells = [Words(column.text(image, now), styles.get(column.title, plain)) for column, _ in self.columns]
        doing = Words(_doing(run, image, now, self.left), STYLES[image.state] if image.why else plain)
        return self._line([*cells, doing])

    def _line(self, cells: Sequence[Words]) -> Line:
        line: list[Words] = []
        for (column, width), cell in zip(self.columns, cells[:-1], strict=True):
            text = cut_middle(cell.text, width)
            text = f"{text:>{width}}" if column.right else f"{text:<{width}}"
            _append(line, Words(f"{text}{_gap(self.width)}", cell.style))
        _append(line, Words(cut(cells[-1].text, self.left), cells[-1].style))
        return tuple(line) if self.left else cut_line(line, self.width)


def _gap(width: int) -> str:
    return "  " if width >= _WIDE else " "


def _append(line: list[Words], words: Words) -> None:
    """Add words to a line. Words of the same style are joined, which is faster to draw."""
    line.append(Words(line.pop().text + words.text, words.style) if line and line[-1].style == words.style else words)


def cut_middle(name: str, width: int) -> str:
    """The name cut to at most `width` letters. Its beginning and end are kept, since they distinguish names best."""
    if len(name) <= width:
        return name
    end = (width - 1) // 2
    return f"{name[: width - 1 - end]}…{name[len(name) - end :]}" if width > 0 else ""


def cut(text: str, width: int) -> str:
    """The text cut to at most `width` cells, with `…` if it was longer."""
    if cell_len(text) <= width:
        return text
    return f"{set_cell_size(text, width - 1)}…" if width > 0 else ""


def cut_line(line: Sequence[Words], width: int) -> Line:
    """The line cut to at most `width` cells."""
    fitting: list[Words] = []
    for words in line:
        text = cut(words.text, width)
        width -= cell_len(text)
        fitting += [Words(text, words.style)] if text else []
    return tuple(fitting)


def _widths(run: RunState, now: float, width: int) -> dict[str, int]:
    images = run.images.values()
    steps = len(str(max((image.total for image in images), default=0)))
    phase = max((len(image.expected.phase) for image in images), default=0)
    return {
        "image": max(len("image"), min(max(map(len, run.images), default=0), max(width // 5, min(16, width // 2)))),
        "phase": max(len("phase"), min(phase, max(width // 10, 10))) if phase else 0,
        "state": len(LiveState.VERIFYING),
        "retries": len("retries"),
        "steps": max(2 * steps + 1, len("12/34")),
        "cached": len("cached"),
        "time": max(len(clock(now - run.began)), len("12:34")),
    }


def _state(image: ImageState, _now: float) -> str:
    return f"retry {image.retries}" if image.retries and image.state is LiveState.BUILDING else image.state


def _time(image: ImageState, now: float) -> str:
    seconds = image.seconds(now)
    return "" if seconds is None else clock(seconds)


def _doing(run: RunState, image: ImageState, now: float, width: int) -> str:
    match image.state:
        case LiveState.WAITING:
            needs = run.waits_for(image)
            return f"waits for {', '.join(needs)}" if needs else "waits for a free slot"
        case LiveState.BUILDING:
            return _step(image.steps, now, width) if image.steps else ""
        case LiveState.PAUSING:
            return f"again in {max(1, round(image.until - now))} s: {image.why}"
        case LiveState.VERIFYING:
            return "checking in the registry"
        case LiveState.BUILT if image.result:
            kept = f"kept from {image.result.kept_from}" if image.result.kept_from else after_retries(image.result)
            return ", ".join(filter(None, (cells_words(image.result), kept)))
        case _:
            return one_line(image.why)


def _step(steps: Sequence[RunningStep], now: float, width: int) -> str:
    """The longest running step. If there is room, also its stage, its time, and the number of other running steps."""
    first, *others = steps
    if width < _ROOMY:
        return step_words(first.step, staged=False)
    more = f", {count(len(others), 'more step')}" if others else ""
    told = f" ({clock(now - first.since)}{more})"
    return f"{step_words(first.step, width - len(told))}{told}"


_COLUMNS = (
    _Column("image", lambda image, _now: image.name),
    _Column("phase", lambda image, _now: image.expected.phase, spare=20),
    _Column("state", _state),
    _Column("retries", lambda image, _now: str(image.retries or ""), spare=_ROOMY, right=True),
    _Column("steps", lambda image, _now: f"{image.done}/{image.total}" if image.total else "", spare=10, right=True),
    _Column("cached", lambda image, _now: str(image.cached) if image.total else "", spare=20, right=True),
    _Column("time", _time, spare=1, right=True),
)
