"""The lines of the live view for the state of a run. They never exceed the size of the screen. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence

from bake_compiler.report.live.state import ENDS, ImageState, LiveState, RunState
from bake_compiler.report.live.table import STYLES, Line, Table, cut_line
from bake_compiler.report.live.time_left import TimeLeft
from bake_compiler.report.live.words import clock, count, roughly
from bake_compiler.report.words.lines import Words

_URGENCY = (
    LiveState.BUILDING,
    LiveState.VERIFYING,
    LiveState.FAILED,
    LiveState.PAUSING,
    LiveState.BLOCKED,
    LiveState.BUILT,
    LiveState.WAITING,
)
_LEAST_HEIGHT = 6  # a screen with fewer lines gets no names of columns
_LEAST_BAR = 8
_LONGEST_BAR = 60


def frame(run: RunState, left: TimeLeft | None, now: float, width: int, height: int) -> tuple[Line, ...]:
    """The lines that show a run on a screen of this size. One line is left for the cursor. Empty before the run began.

    If there is room, all images are shown in the plan's order. Otherwise the most important ones are shown, and the
    number
    of the others.
    """
    if not run.run or width < 1:
        return ()
    table = Table.of(run, now, width)
    heading = [table.heading()] if height >= _LEAST_HEIGHT else []
    shown, hidden = _chosen(run, max(0, height - 2 - len(heading)))
    rows = [table.row(run, image, now) for image in shown]
    summed = [cut_line([Words(_summed(hidden), "dim")], width)] if hidden and shown else []
    return (*heading, *rows, *summed, _bar(run, left, now, width))


def _chosen(run: RunState, room: int) -> tuple[Sequence[ImageState], Sequence[ImageState]]:
    images = list(run.images.values())
    if len(images) <= room:
        return images, ()
    images.sort(key=lambda image: (_URGENCY.index(image.state), -image.ended))
    shown = max(0, room - 1)
    return images[:shown], images[shown:]


def _summed(images: Iterable[ImageState]) -> str:
    counts = Counter(image.state for image in images)
    return f"… {', '.join(f'{counts[state]} {state}' for state in LiveState if counts[state])}"


def _bar(run: RunState, left: TimeLeft | None, now: float, width: int) -> Line:
    """The line with the number of images in each state, the time so far, and the time left."""
    counts = run.counts
    before = f"{sum(counts[state] for state in ENDS)}/{len(run.images)} images "
    bad = [
        Words(f"{counts[state]} {state}", STYLES[state])
        for state in (LiveState.FAILED, LiveState.BLOCKED)
        if counts[state]
    ]
    after = [Words(" "), *(part for words in bad for part in (words, Words(" · "))), Words(_times(run, left, now))]
    room = width - len(before) - sum(len(words.text) for words in after)
    bar = _drawn(counts, len(run.images), min(room, _LONGEST_BAR)) if room >= _LEAST_BAR else []
    return cut_line([Words(before, "bold"), *bar, *after], width)


def _drawn(counts: Counter[LiveState], total: int, cells: int) -> list[Words]:
    drawn, ended = [], 0
    for state in (LiveState.BUILT, LiveState.BLOCKED, LiveState.FAILED):
        begin, ended = ended, ended + counts[state]
        drawn.append(Words("━" * (ended * cells // max(1, total) - begin * cells // max(1, total)), STYLES[state]))
    return [*drawn, Words("─" * (cells - ended * cells // max(1, total)), "dim")]


def _times(run: RunState, left: TimeLeft | None, now: float) -> str:
    passed = clock(now - run.began)
    if run.stopping:
        return f"{passed} · stopping"
    if run.publishing:
        return f"{passed} · moving {count(run.publishing, 'tag')}"
    if run.signing:
        return f"{passed} · signing {count(run.signing, 'image')}"
    if left is None:
        return passed
    return f"{passed} · {'at least' if left.at_least else 'about'} {roughly(left.seconds)} left"
