"""The runs of a project, as their folders under .bakec/runs tell of them.

Each has what was asked (run.json, first of all), what happened (journal.jsonl, entry by entry), each image's log and
metadata, and the report (report.json, last of all). Without the last one the run was killed, and the others say how far
it came.
"""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from bake_compiler.errors import BakecError, UsageError
from bake_compiler.oci.platform import Platform
from bake_compiler.plan import Cell
from bake_compiler.report import CellResult, ImageResult, Outcome, Report
from bake_compiler.report.events import ImageEnded
from bake_compiler.report.formats.json import render_json
from bake_compiler.report.stored.events import event_from_document
from bake_compiler.report.stored.report import report_from_document
from bake_compiler.report.words.timing import is_instruction
from bake_compiler.runs.asked import ASKED, RUNS, Asked, AskedImage, read_asked
from bake_compiler.system.files import write_whole
from bake_compiler.system.journal import is_written, read_journal

LAST = "last"
_JOURNAL, _REPORT = "journal.jsonl", "report.json"
_TIMINGS = Path(".bakec/timings.json")
_KEPT_RUNS = 30


def journal_of(root: Path, run: str) -> Path:
    """Where a run's journal is."""
    return root / RUNS / run / _JOURNAL


def write_report(root: Path, report: Report) -> str:
    """Keep what a run came to, and how long its images took; forget old runs. Returns why that failed, if so."""
    worked = (image for image in report.images if _tells_time(image))
    fresh = {image.name: image.attempts[-1].ended - image.attempts[-1].began for image in worked}
    try:
        write_whole(root / RUNS / report.run / _REPORT, render_json(report))
        write_whole(root / _TIMINGS, json.dumps({**last_seconds(root), **fresh}, indent=1, sort_keys=True) + "\n")
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    for old in sorted((root / RUNS).iterdir(), reverse=True)[_KEPT_RUNS:]:
        if not is_written(old / _JOURNAL):
            shutil.rmtree(old, ignore_errors=True)
    return ""


def forget_run(root: Path, run: str) -> None:
    """Keep nothing of a run."""
    shutil.rmtree(root / RUNS / run, ignore_errors=True)


def _tells_time(image: ImageResult) -> bool:
    """Whether the last attempt tells how long it takes to build: to the end, and not from the cache."""
    if not image.attempts or image.attempts[-1].failure:
        return False
    steps = [step for step in image.attempts[-1].steps if is_instruction(step)]
    return not steps or not all(step.cached for step in steps)


def last_seconds(root: Path) -> dict[str, float]:
    """Image → seconds of the last bake process that really built it."""
    with suppress(OSError, ValueError, TypeError, AttributeError):
        return {str(name): float(each) for name, each in json.loads((root / _TIMINGS).read_bytes()).items()}
    return {}


def run_ids(root: Path) -> tuple[str, ...]:
    """Every run that is kept, newest first."""
    try:
        folders = [folder for folder in (root / RUNS).iterdir() if (folder / ASKED).is_file()]
    except OSError:
        return ()
    return tuple(folder.name for folder in sorted(folders, key=_began, reverse=True))


def _began(folder: Path) -> tuple[str, int]:
    """Ids begin with the second; within one, the file system knows, unless another bakec forgets it just now."""
    with suppress(OSError):
        return folder.name.partition("-")[0], (folder / ASKED).stat().st_mtime_ns
    return "", 0


def find_run(root: Path, run: str) -> str:
    """The id of a run that is named by its id, the beginning of it, or `last`.

    Raises:
        UsageError: there is none, or more than one.
    """
    known = run_ids(root)
    if not known:
        raise UsageError("no run is kept here", hint="`bakec build` keeps each of its runs in .bakec/runs")
    if run in {LAST, ""}:
        return known[0]
    found = [name for name in known if name == run] or [name for name in known if name.startswith(run)]
    if len(found) == 1:
        return found[0]
    said = f"more than one run begins with {run!r}" if found else f"no run is called {run!r}"
    raise UsageError(said, hint=f"there are {', '.join((found or known)[:5])}")


def stored_report(root: Path, run: str = LAST) -> Report:
    """The report of a run, also of one that was killed, or still goes on.

    Raises:
        UsageError: there is no such run.
        BakecError: what is kept of it can't be read.
    """
    name = find_run(root, run)
    path = root / RUNS / name / _REPORT
    if path.is_file():
        try:
            return report_from_document(json.loads(path.read_bytes()))
        except ValueError as error:
            raise BakecError(f"{path}: {error}", hint="another run's may be whole: `bakec report RUN`") from error
    asked = read_asked(root, name)
    if asked is None:
        raise BakecError(f"{RUNS / name}/{ASKED} can't be read", hint="another run's may be whole: `bakec report RUN`")
    return _told_by_journal(root, asked)


def _told_by_journal(root: Path, asked: Asked) -> Report:
    path = journal_of(root, asked.run)
    goes_on, entries = is_written(path), read_journal(path)
    results = {result.name: result for result in _ended(entries)}
    moving = any(entry.get("event") == "publishing" for entry in entries)
    why = "the run still goes on" if goes_on else "the run was killed before it was done"
    return Report(
        verb="build",
        registry=asked.options.registry,
        tag=asked.options.tag,
        images=tuple(results.get(image.name) or _unfinished(image, why) for image in asked.images),
        excluded=tuple(
            CellResult(Cell(image, Platform.parse(platform)), Outcome.EXCLUDED, reason)
            for image, platform, reason in asked.excluded
        ),
        published=False if asked.options.push else None,
        interrupted=True,
        publish_error="the public tags were being moved: some may be new, others old" if moving else "",
        note=why,
        seconds=max([asked.began, *_times(entries)]) - asked.began,
        run=asked.run,
        began=asked.began,
        slots=asked.slots,
        resumes=asked.resumes,
    )


def _times(entries: Iterable[Mapping[str, Any]]) -> Iterator[float]:
    return (entry["at"] for entry in entries if isinstance(entry.get("at"), int | float))


def _unfinished(image: AskedImage, why: str) -> ImageResult:
    cells = (Cell(image.name, Platform.parse(platform)) for platform in image.platforms)
    return ImageResult(
        image.name,
        image.reference,
        tuple(CellResult(cell, Outcome.BLOCKED, why) for cell in cells),
        image.tags,
        phase=image.phase,
        needs=image.needs,
    )


def finished_images(root: Path, run: str) -> Mapping[str, ImageResult]:
    """Image → what it came to, of those that have ended in a run or in those it resumed, with the run that built it."""
    chain = [run]
    while (asked := read_asked(root, chain[-1])) and asked.resumes and asked.resumes not in chain:
        chain.append(asked.resumes)
    return {
        result.name: replace(result, kept_from=result.kept_from or each)
        for each in reversed(chain)
        for result in _ended(read_journal(journal_of(root, each)))
    }


def _ended(entries: Iterable[Mapping[str, Any]]) -> Iterator[ImageResult]:
    """The images that have ended; an entry that can't be read is as good as none."""
    for entry in entries:
        if entry.get("event") == "image-ended":
            with suppress(BakecError):
                event = event_from_document(entry)
                if isinstance(event, ImageEnded):
                    yield event.result


def last_run(root: Path) -> Asked:
    """What the last run was asked.

    Raises:
        UsageError: there is no run, it still goes on, or what is kept of it can't be read.
    """
    name = find_run(root, LAST)
    if is_written(journal_of(root, name)):
        raise UsageError(f"run {name} still goes on", hint="wait for its end, or end it")
    asked = read_asked(root, name)
    if asked is None:
        raise UsageError(f"{RUNS / name / ASKED} can't be read", hint="build without --resume")
    return asked
