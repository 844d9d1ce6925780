"""bakec is killed at any moment: nothing that it started is left, and `--resume` builds the rest and no more."""

import json
import shutil
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import chain
from random import Random
from typing import Any

import pytest

from tests.integration.faults.conftest import Faulted

pytestmark = pytest.mark.docker

IMAGES = ("hub", "one", "two", "above")
KILLS, PROJECTS, AT_ONCE, SEED = 20, 5, 2, 5
EVENTS_OF_A_RUN = 6  # that are not of the building of an image


@pytest.fixture
def four(project: Faulted) -> Faulted:
    """4 images, one of which needs another."""
    for name in IMAGES[:-1]:
        project.image(name)
    project.image(IMAGES[-1], needs=[IMAGES[0]])
    return project


def copied(four: Faulted, number: int) -> Faulted:
    """The same project once more, with its own contents and its own public tags."""
    root = four.root.parent / f"round{number}" / four.root.name
    shutil.copytree(four.root, root, ignore=shutil.ignore_patterns(".bakec"))
    copy = replace(four, root=root, tag=f"v{number}")
    for name in IMAGES:
        copy.change(name)
    return copy


def journaled(stack: Faulted, event: str) -> list[dict[str, Any]]:
    """What all runs tell of one kind of event, run after run."""
    lines = chain.from_iterable(path.read_text().splitlines() for path in sorted(stack.runs.glob("*/journal.jsonl")))
    return [entry for entry in map(json.loads, lines) if entry["event"] == event]


def finished(stack: Faulted) -> dict[str, str]:
    """Image → digest, of all that any run has verified: none is ever built to another one."""
    found: dict[str, str] = {}
    for end in (entry["result"] for entry in journaled(stack, "image-ended")):
        if {cell["outcome"] for cell in end["cells"]} in ({"built"}, {"unchanged"}):
            assert found.setdefault(end["name"], end["digest"]) == end["digest"]
    return found


def again(stack: Faulted) -> Sequence[str]:
    """What a person says who wants the rest to be built."""
    return ("build", "--resume" if list(stack.runs.glob("*/run.json")) else "all", "-j", "2", "--json")


def killed_and_resumed(four: Faulted, events: int, number: int) -> list[str]:
    """Kill a run at some moment, and so each that resumes it; returns how far all had come each time.

    A moment is a number of events, out of those that are still to come, so that it is as random on a slow machine.
    """
    stack, chance, came = copied(four, number), Random(f"{SEED} {number}"), []  # noqa: S311 - to be repeatable
    for _ in range(KILLS // PROJECTS):
        left = 1 - len(finished(stack)) / len(IMAGES)
        running = stack.begin(*again(stack))
        running.until_events(int(chance.random() * (EVENTS_OF_A_RUN + events * left)))
        time.sleep(chance.random() / 5)
        how = "killed" if running.kill() else "ended"
        stack.is_quiet()
        came.append(f"{how} with {len(finished(stack))} of {len(IMAGES)}")
    before, begun = finished(stack), {entry["image"] for entry in journaled(stack, "attempt-began")}

    ended = stack.bakec(*again(stack))

    stack.is_published(ended, *IMAGES, unchanged=ended.unchanged)
    assert finished(stack).items() >= before.items()
    if came[-1].startswith("killed"):
        assert ended.kept == set(before)
        assert ended.unchanged <= begun - ended.kept  # pushed, and killed before that was verified
        assert ended.attempts == {name: int(name not in ended.kept | ended.unchanged) for name in IMAGES}
    return came


def test_killed_at_20_moments_and_resumed(four: Faulted) -> None:
    undisturbed = four.build("all", "-j", "2")
    four.is_published(undisturbed, *IMAGES)
    events = len(undisturbed.err.splitlines())

    with ThreadPoolExecutor(AT_ONCE) as pool:
        came = [*chain.from_iterable(pool.map(partial(killed_and_resumed, four, events), range(PROJECTS)))]

    assert len(came) == KILLS
    assert sum(how.startswith("killed") for how in came) > KILLS / 2, came
