"""The tags of 13 images, three each, move together on the real registry: through kills, faults and rivals."""

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from concurrent.futures import Future
from itertools import count
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from bake_compiler.errors import BakecError, RegistryError
from bake_compiler.oci.reference import Reference
from bake_compiler.registry import connect
from bake_compiler.release import (
    Names,
    ReleaseState,
    ReleaseStatus,
    finish,
    move_all,
    read_release,
    roll_back,
    status_of,
)
from tests.fakes import whole
from tests.fakes.faulty import Asked, Faulty, Rule, faulty, sound
from tests.fakes.faulty import Status as Answered
from tests.fakes.mover import release
from tests.fakes.tags import moves_to, named, public_tags
from tests.fakes.whole import Whole
from tests.integration.faults.conftest import wait_for

pytestmark = pytest.mark.docker

KILLS = int(os.environ.get("BAKEC_TEST_KILLS", "20"))
SEED = 6


def start(tags: tuple[Reference, ...], root: Path, name: str, about: str) -> Whole:
    """A process of its own that makes a release."""
    words = (str(root), name, about, *map(str, tags))
    with TemporaryFile() as told:
        return whole.start(words, root, os.environ, told, told, "tests.fakes.mover")


def is_named_right(status: ReleaseStatus) -> bool:
    """Whether the state says what its tags say."""
    names = {tag.names for tag in status.tags}
    states = {
        frozenset({Names.OLD}): {ReleaseState.NOT_BEGUN},
        frozenset({Names.NEW}): {ReleaseState.MOVED, ReleaseState.FINISHED},
        frozenset({Names.OLD, Names.NEW}): {ReleaseState.TORN},
    }
    return status.state in states[frozenset(names)]


def test_a_release_that_is_killed_at_any_moment_is_named_and_finished_or_undone(registry: str, tmp_path: Path) -> None:
    with faulty(registry) as proxy:
        tags = public_tags(proxy.address, "killed")
        asyncio.run(release(tags, tmp_path, "first", "0"))
        proxy.asked.clear()
        asyncio.run(release(tags, tmp_path, "second", "1"))
        states = killed_releases(proxy, tags, tmp_path, len(proxy.asked))

    sys.stdout.write(f"{Counter(states)}\n")
    assert "torn" in states


def kills_at(number: int, begun: Future[Whole], fault: Answered | None) -> Rule:
    """A process is killed at its third request, or whatever `number` says, and that has this fault."""
    left = count(1)

    def rule(_: Asked) -> Answered | None:
        if next(left) != number:
            return None
        os.kill(begun.result().pid, signal.SIGKILL)
        return fault

    return rule


def killed_releases(proxy: Faulty, tags: tuple[Reference, ...], root: Path, requests: int) -> list[str]:
    """Kill release after release, each at one of its requests, and settle it; gives what each came to.

    Whether the registry does what the killed one asked for is left to chance.
    """
    chance = random.Random(SEED)  # noqa: S311 - chance that can be repeated
    before, states = "1", []

    async def settle(name: str, about: str, *, forward: bool) -> str:
        """What the tags name after it was finished or undone."""
        async with connect(os.environ) as client:
            try:
                killed = read_release(root, name)
            except BakecError:  # before anything was written
                states.append("nothing")
                killed = None
            if killed:
                status = await status_of(client, killed)
                assert is_named_right(status)
                states.append(str(status.state))
                await (finish if forward else roll_back)(client, root, killed)
            after = about if forward and killed else before
            for move in await moves_to(client, tags, after):
                assert move.is_none, f"{name}: {move.tag}"
            return after

    for number in range(KILLS):
        name, about, begun = f"r{number}", f"kill {number}", Future[Whole]()
        lost = Answered(503) if chance.random() < 0.5 else None
        proxy.rule = kills_at(chance.randint(1, requests), begun, lost)
        begun.set_result(process := start(tags, root, name, about))
        process.wait()
        wait_for("answer to all that it asked", lambda: not proxy.under_way)
        proxy.rule = sound
        before = asyncio.run(settle(name, about, forward=chance.random() < 0.5))
    return states


def test_when_the_registry_fails_at_one_tag_all_name_the_old_images(registry: str, tmp_path: Path) -> None:
    with faulty(registry) as proxy:
        tags = public_tags(proxy.address, "refused")
        asyncio.run(release(tags, tmp_path, "first", "old"))

        async def fail_each() -> None:
            async with connect(os.environ) as client:
                before = await named(client, tags)
                for number, tag in enumerate((tags[0], tags[19], tags[-1])):

                    def rule(asked: Asked, tag: Reference = tag) -> Answered | None:
                        fails = asked.publishes and (asked.repository, asked.tag) == (tag.repository, tag.tag)
                        return Answered(403) if fails else None

                    proxy.rule = rule
                    with pytest.raises(RegistryError, match="all other tags are as they were"):
                        await move_all(client, tmp_path, f"n{number}", await moves_to(client, tags, "new"))
                    assert (
                        await status_of(client, read_release(tmp_path, f"n{number}"))
                    ).state is ReleaseState.ROLLED_BACK
                assert await named(client, tags) == before

        asyncio.run(fail_each())


def test_of_two_releases_at_once_one_wins_or_the_status_says_who_has_what(registry: str, tmp_path: Path) -> None:
    tags = public_tags(registry, "rivals")
    asyncio.run(release(tags, tmp_path, "first", "old"))
    roots = (tmp_path / "a", tmp_path / "b")
    for root in roots:
        root.mkdir()

    for number in range(3):
        processes = [start(tags, root, f"r{number}", f"{root.name} {number}") for root in roots]
        for process in processes:
            process.wait()

        async def look(number: int = number) -> None:
            async with connect(os.environ) as client:
                now = await named(client, tags)
                assert len(now) == len(tags)
                kept = [
                    read_release(root, f"r{number}")
                    for root in roots
                    if (root / f".bakec/releases/r{number}.jsonl").exists()
                ]
                for each in kept:
                    status = await status_of(client, each)
                    whole = len({tag.names for tag in status.tags}) == 1
                    assert status.is_whole == (whole and not status.taken)

        asyncio.run(look())


def test_two_processes_of_one_project_do_not_move_tags_at_once(registry: str, tmp_path: Path) -> None:
    tags = public_tags(registry, "alone")
    processes = [start(tags, tmp_path, f"r{number}", f"{number}") for number in range(3)]
    for process in processes:
        process.wait()

    async def look() -> list[ReleaseStatus]:
        async with connect(os.environ) as client:
            names = [path.stem for path in (tmp_path / ".bakec/releases").glob("*.jsonl")]
            return [await status_of(client, read_release(tmp_path, name)) for name in names]

    assert ReleaseState.FINISHED in {status.state for status in asyncio.run(look())}
