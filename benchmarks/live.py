"""The live view of a run that is made up: what it costs on a real pseudo-terminal, and pictures of it.

`python -m benchmarks.live` measures; `python -m benchmarks.live --pictures DIR` draws, with chromium.
"""

import argparse
import fcntl
import heapq
import io
import os
import random
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from bake_compiler.buildx import Failure, Step
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.plan.plan import Cell
from bake_compiler.report import CellResult, ImageResult, Outcome
from bake_compiler.report.events import (
    AttemptBegan,
    AttemptFailed,
    Event,
    Expected,
    ImageEnded,
    Publishing,
    Pushed,
    RunBegan,
    RunEnded,
    StepChanged,
)
from bake_compiler.report.live import watch
from bake_compiler.report.live.frame import frame
from bake_compiler.report.live.state import RunState, fold
from bake_compiler.report.live.time_left import time_left

PLATFORMS = tuple(map(Platform.parse, ("amd64", "arm64")))
SLOTS = 6
PICTURED = 34.2
SIZES = ((80, 24), (200, 60))
STACK = {
    "foundation": ("apphub", "gitea", "nginx", "saltstack"),
    "dependent": (
        *("backend", "backend-init", "frontend", "jupyterhub", "nightingale", "prometheus", "singleuser"),
        *("slurm-master", "test-containers"),
    ),
}
NEEDS = {"slurm-master": ("apphub",)}
_STEPS = (
    "RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates curl nginx",
    "COPY go.mod go.sum ./",
    "RUN go mod download",
    "COPY . .",
    'RUN go build -trimpath -ldflags "-s -w" -o /out/server ./cmd/server',
    "RUN npm ci && npm run build",
    "RUN pip install --no-cache-dir --require-hashes -r requirements.txt",
    "COPY --from=build /out/server /usr/local/bin/server",
)
RESET = Failure("read tcp 10.0.0.7:51234->10.0.0.2:443: connection reset by peer", kind="registry", fault="reset")
BROKEN = Failure(
    'process "/bin/sh -c npm ci && npm run build" did not complete successfully: exit code: 1',
    platform=PLATFORMS[1],
    step="RUN npm ci && npm run build",
)


@dataclass
class MadeUp:
    """A run as it might be: six images at once, their steps, some cached, a few retries, a few failures.

    Attributes:
        images: what is built.
        steps: of each image and platform, about.
        seconds: of each step, about.
        failing: the images that fail for good.
        shaky: the images whose first attempt meets a reset.
        known: seconds that images took the last time.
        began: seconds since the epoch.
        named: what the steps are called, in turn.
    """

    images: Sequence[Expected]
    steps: int = 40
    seconds: float = 0.6
    failing: frozenset[str] = frozenset({"apphub"})
    shaky: frozenset[str] = frozenset({"nginx", "jupyterhub"})
    known: dict[str, float] = field(default_factory=dict)
    began: float = 0.0
    named: Sequence[str] = _STEPS

    def events(self) -> Iterator[Event]:
        """All of the run, in order of time."""
        yield RunBegan(self.began, "20261124-190512-5f0c", tuple(self.images), SLOTS, self.known)
        waiting = list(self.images)
        lives: list[tuple[float, str, Iterator[Event], Event]] = []
        well: dict[str, bool] = {}
        now = self.began
        while waiting or lives:
            for image in [each for each in waiting if False in map(well.get, each.needs)]:
                waiting.remove(image)
                well[image.image] = False
                why = f"needs {', '.join(need for need in image.needs if not well.get(need, True))}, which failed"
                yield ImageEnded(now, result(image, Outcome.BLOCKED, why=why))
            for image in [each for each in waiting if all(need in well for need in each.needs)][: SLOTS - len(lives)]:
                waiting.remove(image)
                life = self._life(image, now)
                first = next(life)
                lives.append((first.at, image.image, life, first))
            heapq.heapify(lives)
            while lives:
                now, name, life, event = heapq.heappop(lives)
                yield event
                if isinstance(event, ImageEnded):
                    well[name] = event.result.failure is None
                    break
                following = next(life)
                heapq.heappush(lives, (following.at, name, life, following))
        yield Publishing(now, len(self.images))
        yield RunEnded(now + 2, "20261124-190512-5f0c", 4 if self.failing else 0, "")

    def _life(self, image: Expected, began: float) -> Iterator[Event]:
        chance = random.Random(image.image)  # noqa: S311 - the same run each time
        attempts = 2 if image.image in self.shaky else 1
        now = began
        for attempt in range(1, attempts + 1):
            yield AttemptBegan(now, image.image, attempt)
            until = 0.5 if attempt < attempts else 0.7 if image.image in self.failing else 1.0
            for event in self._steps(image, now, until, chance):
                now = event.at
                yield event
            if attempt < attempts:
                yield AttemptFailed(now, image.image, attempt, RESET, 8.0)
                now += 8.0
        if image.image in self.failing:
            yield ImageEnded(now, result(image, Outcome.FAILED, failure=BROKEN, seconds=now - began, began=began))
            return
        yield Pushed(now, image.image, Digest.of(image.image.encode()))
        now += 1 + chance.random()
        yield ImageEnded(now, result(image, Outcome.VERIFIED, seconds=now - began, began=began))

    def _steps(self, image: Expected, began: float, until: float, chance: random.Random) -> Iterator[StepChanged]:
        changes: list[tuple[float, int, Step]] = []
        cached = chance.random() * 0.5
        for platform in image.platforms:
            now = began
            for number in range(int(self.steps * (0.5 + chance.random()) * until)):
                step = Step(
                    self.named[number % len(self.named)], platform, "build", now, cached=number < cached * self.steps
                )
                changes.append((now, 0, step))
                now += 0.05 if step.cached else self.seconds * (0.2 + 1.6 * chance.random())
                changes.append((now, 1, replace(step, ended=now)))
        done = hits = 0
        total = len(changes) // 2
        for at, ended, step in sorted(changes, key=lambda change: change[:2]):
            done += ended
            hits += ended and step.cached
            yield StepChanged(at, image.image, step, done, hits, total)


def result(
    image: Expected,
    outcome: Outcome,
    *,
    why: str = "",
    failure: Failure | None = None,
    seconds: float = 0.0,
    began: float = 0.0,
) -> ImageResult:
    """An image that ended so, on all its platforms."""
    cells = tuple(CellResult(Cell(image.image, platform), outcome, why) for platform in image.platforms)
    return ImageResult(
        image.image, f"r.test/{image.image}:1", cells, failure=failure, seconds=seconds, phase=image.phase, began=began
    )


def stack(count: int) -> tuple[Expected, ...]:
    """The reference stack's 13 images, or so many of other names."""
    if count == sum(map(len, STACK.values())):
        named = [(name, phase, NEEDS.get(name, ())) for phase, names in STACK.items() for name in names]
    else:
        named = [(f"service-{number:03}", "service" if number % 15 else "base", ()) for number in range(count)]
    return tuple(Expected(name, phase, PLATFORMS, needs) for name, phase, needs in named)


def made_up(count: int, began: float = 0.0, *, steps: int = 40) -> MadeUp:
    """A run of so many images with so many steps, which were all built once before."""
    images = stack(count)
    known = {image.image: 28.0 for image in images}
    failing = frozenset({"apphub", *(f"service-{number:03}" for number in (31, 77))})
    shaky = frozenset({"nginx", "jupyterhub", *(f"service-{number:03}" for number in range(7, count, 29))})
    return MadeUp(images, steps, 24 / steps, failing=failing, shaky=shaky, known=known, began=began)


def state_at(run: MadeUp, seconds: float) -> RunState:
    """Where a run stands after so many seconds."""
    state = RunState()
    for event in run.events():
        if event.at > run.began + seconds:
            break
        state = fold(state, event)
    return state


def replay(count: int, skipped: float, seconds: float) -> None:
    """Show so many seconds of a run in real time on stderr; prints the CPU seconds, wall seconds, and events."""
    run = made_up(count, time.time() - skipped)
    events = list(run.events())
    began = time.time() - skipped
    events = [replace(event, at=event.at - run.began + began) for event in events]
    with watch(sys.stderr, terminal=True, plain=False, quiet=False, as_json=False, environ=os.environ) as told:
        earlier = [event for event in events if event.at < began + skipped]
        later = [event for event in events if began + skipped <= event.at < began + skipped + seconds]
        for event in earlier:
            told(event)
        cpu, wall = time.process_time(), time.perf_counter()
        for event in later:
            time.sleep(max(0.0, event.at - time.time()))
            told(event)
        time.sleep(max(0.0, began + skipped + seconds - time.time()))
        print(time.process_time() - cpu, time.perf_counter() - wall, len(later))


def measure(count: int, size: tuple[int, int], skipped: float, seconds: float) -> str:
    """A line of the table: so many images on a pseudo-terminal of this size."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.live", "--replay", str(count), str(skipped), str(seconds)],
        env={**os.environ, "TERM": "xterm-256color", "CI": ""},
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=slave,
        text=True,
    )
    os.close(slave)
    drawn = [0]
    reader = threading.Thread(target=_drain, args=(master, drawn))
    reader.start()
    out, _ = child.communicate()
    reader.join()
    os.close(master)
    cpu, wall, events = map(float, out.split())
    return (
        f"{count:>6}  {size[0]}x{size[1]:<6}  {cpu:5.2f} s of {wall:.0f} s  {cpu / wall:6.2%}  "
        f"{events / wall:4.0f} events/s  {drawn[0] / wall / 1000:5.1f} kB/s"
    )


def _drain(master: int, drawn: list[int]) -> None:
    try:
        while read := os.read(master, 1 << 16):
            drawn[0] += len(read)
    except OSError:
        return  # the other side is closed


_THEME = TerminalTheme(
    (22, 24, 29),
    (214, 218, 224),
    [
        *((60, 64, 72), (240, 98, 98), (120, 200, 120), (230, 190, 90)),
        *((110, 160, 250), (200, 130, 230), (90, 200, 215), (200, 204, 210)),
    ],
)
_PAGE = """<meta charset="utf-8"><style>{stylesheet}
body {{ background: {background}; color: {foreground}; margin: 8px; }}
pre {{ font: 13px/16px "DejaVu Sans Mono", monospace; margin: 0; }}</style>
<pre>{code}</pre>"""


def picture(run: RunState, now: float, size: tuple[int, int], path: Path, chromium: str = "/usr/bin/chromium") -> None:
    """Draw a screen as a PNG."""
    console = Console(
        file=io.StringIO(), record=True, width=size[0], force_terminal=True, color_system="truecolor", _environ={}
    )
    for line in frame(run, time_left(run, now), now, *size):
        console.print(Text.assemble(*line), soft_wrap=True)
    with tempfile.TemporaryDirectory() as scratch:
        page = Path(scratch, "page.html")
        page.write_text(console.export_html(theme=_THEME, code_format=_PAGE))
        subprocess.run(
            [
                *(chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={scratch}/profile"),
                *(f"--screenshot={path}", f"--window-size={round(size[0] * 7.83) + 16},{size[1] * 16 + 16}"),
                page.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=60,
        )


def main() -> None:
    """Measure, or draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=Path, metavar="DIR")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--replay", type=float, nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.replay:
        count, skipped, seconds = arguments.replay
        replay(int(count), skipped, seconds)
    elif arguments.pictures:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
        for count, seconds, size, name in (
            (13, PICTURED, SIZES[0], "live-80x24"),
            (13, PICTURED, SIZES[1], "live-200x60"),
            (300, 420.0, SIZES[0], "live-300-80x24"),
        ):
            run = made_up(count, steps=10)
            picture(state_at(run, seconds), run.began + seconds, size, arguments.pictures / f"{name}.png")
    else:
        print("images  screen         CPU             share  events       drawn", flush=True)
        for count, skipped in ((13, 0.0), (300, 300.0)):
            for size in SIZES:
                print(measure(count, size, skipped, arguments.seconds), flush=True)


if __name__ == "__main__":
    main()
