"""The emulation map as JSON, as text, and as the rows of a table."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from typing_extensions import TypedDict

from bake_compiler.document import ProblemDocument, problem_document
from bake_compiler.errors import Problem
from bake_compiler.verbs.plan.emulation import EmulationMap, Timed
from bake_compiler.words import counted


class EmulatedRunDocument(TypedDict):
    """A RUN that is emulated on one platform."""

    image: str
    """The image's name."""
    platform: str
    """The emulated platform."""
    dockerfile: str
    """The Dockerfile, from the project's root; empty if it is written inline."""
    line: int
    """The line in the Dockerfile, from 1."""
    stage: str
    """The stage."""
    command: str
    """The instruction, as it is written."""
    seconds: float | None
    """How long the step took when it last ran; null if no kept run has run it."""
    run: str
    """The run that took these seconds; else empty."""
    kind: str | None
    """What the command does; null if bakec does not recognize it."""
    rewrite: str | None
    """How the same is usually done on the build platform; null if bakec knows no usual way."""


class EmulationDocument(TypedDict):
    """What of the project runs under emulation."""

    schema: Literal["bakec.emulation/1"]
    native: list[str]
    """The platforms that need no emulation."""
    native_told_by: str
    """Who says so: `--build-platform`, `the builder`, `the description`, or `this machine`."""
    runs: list[EmulatedRunDocument]
    """The emulated RUNs, in plan order."""
    unread: list[str]
    """The images whose Dockerfile bakec can't read."""
    warnings: list[ProblemDocument]
    """Likely mistakes that may be intended."""


def emulation_document(found: EmulationMap, warnings: Sequence[Problem] = ()) -> EmulationDocument:
    """The map as plain dicts and lists, with the plan's warnings."""
    return {
        "schema": "bakec.emulation/1",
        "native": sorted(map(str, found.native.platforms)),
        "native_told_by": found.native.told_by,
        "runs": [
            {
                "image": each.run.image,
                "platform": str(each.run.platform),
                "dockerfile": each.run.path,
                "line": each.run.run.line,
                "stage": each.run.stage,
                "command": each.run.run.text,
                "seconds": each.seconds,
                "run": each.when,
                "kind": each.run.pattern.name if each.run.pattern else None,
                "rewrite": each.run.pattern.rewrite if each.run.pattern else None,
            }
            for each in found.runs
        ],
        "unread": list(found.unread),
        "warnings": [problem_document(each) for each in warnings],
    }


_DOUBTS = {
    "the description": " of the builder, which is not there, or not all of whose nodes run",
    "this machine": "; the builder does not say what it is",
}


HEADER = ("image", "platform", "where", "seconds", "kind", "runs")


def emulation_rows(found: EmulationMap) -> Iterator[tuple[str, ...]]:
    """Yield the map as the rows of a table, the longest times first."""
    for each in sorted(found.runs, key=lambda each: -(each.seconds or 0)):
        run = each.run
        where = f"{run.path or 'inline'}:{run.run.line}"
        seconds = "-" if each.seconds is None else f"{each.seconds:.1f}"
        command = " ".join(run.run.text.split()[1:])
        yield run.image, str(run.platform), where, seconds, run.pattern.name if run.pattern else "-", command


def summary(found: EmulationMap) -> Iterator[str]:
    """Yield the lines below the table: the rewrites, and the time that they could save."""
    patterns = {each.run.pattern.name: each.run.pattern.rewrite for each in found.runs if each.run.pattern}
    yield from (f"{name}: {rewrite}" for name, rewrite in patterns.items())
    for name in found.unread:
        yield f"{name}: its Dockerfile is none that bakec reads, so what of it is emulated is unknown"
    natives = ", ".join(sorted(map(str, found.native.platforms)))
    yield f"native: {natives}, by {found.native.told_by}{_DOUBTS.get(found.native.told_by, '')}"
    movable = [each for each in found.runs if each.run.pattern]
    count = len(found.runs)
    took = f", {_total(found.runs)}" if count else ""
    won = f"; of them {len(movable)}, {_total(movable)}, could run on the build platform" if movable else ""
    yield f"{counted(count, 'RUN')} emulated{took}{won}"


def _total(runs: Iterable[Timed]) -> str:
    known = [each.seconds for each in runs if each.seconds is not None]
    return f"{sum(known):.1f} s when last run" if known else "in no run that is kept"


def emulation_text(found: EmulationMap) -> str:
    """Return the table as text: columns separated by spaces, nothing cut, and the summary below."""
    table = [HEADER, *emulation_rows(found)] if found.runs else []
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in table)
    return "".join(f"{line}\n" for line in (*lines, *summary(found)))
