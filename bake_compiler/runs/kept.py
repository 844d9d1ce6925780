"""The runs of a project: what their folders under .bakec/runs contain.

A folder has run.json (what was asked; written first), journal.jsonl (events, entry by entry), each image's log and
metadata, and report.json (written last). If report.json is missing, the run was killed or still runs; the other files
show how far it came.
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
    """Return the path of a run's journal."""
    return root / RUNS / run / _JOURNAL


def write_report(root: Path, report: Report) -> str:
    """Write report.json and the build times of the images, and delete the folders of old runs.

    Returns:
        the reason if a file can't be written; empty on success.
    """
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
    """Delete the folder of a run."""
    shutil.rmtree(root / RUNS / run, ignore_errors=True)


def _tells_time(image: ImageResult) -> bool:
    """Whether the last attempt shows how long the build takes: it succeeded, and did not come from the cache."""
    if not image.attempts or image.attempts[-1].failure:
        return False
    steps = [step for step in image.attempts[-1].steps if is_instruction(step)]
    return not steps or not all(step.cached for step in steps)


def last_seconds(root: Path) -> dict[str, float]:
    """Return image → seconds of the last bake process that really built the image."""
    with suppress(OSError, ValueError, TypeError, AttributeError):
        return {str(name): float(each) for name, each in json.loads((root / _TIMINGS).read_bytes()).items()}
    return {}


def run_ids(root: Path) -> tuple[str, ...]:
    """Return the ids of all runs in .bakec/runs, newest first."""
    try:
        folders = [folder for folder in (root / RUNS).iterdir() if (folder / ASKED).is_file()]
    except OSError:
        return ()
    return tuple(folder.name for folder in sorted(folders, key=_began, reverse=True))


def _began(folder: Path) -> tuple[str, int]:
    """Return a sort key: the second in the id, then the folder's time in ns.

    Another bakec may delete the folder meanwhile.
    """
    with suppress(OSError):
        return folder.name.partition("-")[0], (folder / ASKED).stat().st_mtime_ns
    return "", 0


def find_run(root: Path, run: str) -> str:
    """Return the id of a run. `run` is the id, the beginning of the id, or `last`.

    Raises:
        UsageError: no run matches, or more than one.
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
    """Return the report of a run. If report.json is missing, the report is computed from the journal.

    Raises:
        UsageError: no such run exists.
        BakecError: the files of the run can't be read.
    """
    name = find_run(root, run)
    path = root / RUNS / name / _REPORT
    if path.is_file():
        try:
            return report_from_document(json.loads(path.read_bytes()))
        except ValueError as error:
            raise BakecError(f"{path}: {error}", hint="print the report of another run: `bakec report RUN`") from error
    asked = read_asked(root, name)
    if asked is None:
        raise BakecError(
            f"{RUNS / name}/{ASKED} can't be read", hint="print the report of another run: `bakec report RUN`"
        )
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
    """Return image → result, for images that have ended in this run or in the runs that it resumed.

    Each result names the run that built the image.
    """
    chain = [run]
    while (asked := read_asked(root, chain[-1])) and asked.resumes and asked.resumes not in chain:
        chain.append(asked.resumes)
    return {
        result.name: replace(result, kept_from=result.kept_from or each)
        for each in reversed(chain)
        for result in _ended(read_journal(journal_of(root, each)))
    }


def _ended(entries: Iterable[Mapping[str, Any]]) -> Iterator[ImageResult]:
    """Yield the images that have ended. Entries that can't be read are left out."""
    for entry in entries:
        if entry.get("event") == "image-ended":
            with suppress(BakecError):
                event = event_from_document(entry)
                if isinstance(event, ImageEnded):
                    yield event.result


def last_run(root: Path) -> Asked:
    """Return what was asked of the last run.

    Raises:
        UsageError: no run exists, the last run has not ended, or its run.json can't be read.
    """
    name = find_run(root, LAST)
    if is_written(journal_of(root, name)):
        raise UsageError(f"run {name} still goes on", hint="wait for its end, or end it")
    asked = read_asked(root, name)
    if asked is None:
        raise UsageError(f"{RUNS / name / ASKED} can't be read", hint="build without --resume")
    return asked
