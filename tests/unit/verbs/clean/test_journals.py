"""Which journals of releases can go."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from bake_compiler.errors import BakecError, UsageError
from bake_compiler.registry import Registry
from bake_compiler.release import RELEASES, alone, move_all, read_release, release_ids, roll_back
from bake_compiler.verbs.clean.journals import judge_journals, remove_journals
from tests.fakes.clock import FakeClock
from tests.fakes.registry import FakeRegistry, Fault
from tests.fakes.tags import moves_to, public_tags

TAGS = public_tags("registry.test", "acme", 1, ("v1", "latest"))


@pytest.fixture
def releases(tmp_path: Path) -> Path:
    """Release 0 finished, 1 was undone, 2 was torn by a registry that failed, 3 finished, 4 too."""

    async def work() -> None:
        fake = FakeRegistry()
        registry = Registry(fake, retry=FakeClock().retry())
        for number in range(5):
            moves = await moves_to(registry, TAGS, str(number))
            if number == 2:
                fake.faults += [Fault(path="v1", method="PUT"), Fault(403, method="PUT", times=99)]
                with pytest.raises(BakecError, match="still moved"):
                    await move_all(registry, tmp_path, "2", moves)
                fake.faults.clear()
            else:
                await move_all(registry, tmp_path, str(number), moves)
            if number == 1:
                await roll_back(registry, tmp_path, read_release(tmp_path, "1"))
            os.utime(tmp_path / RELEASES / f"{number}.jsonl", (1000.0 + number,) * 2)

    asyncio.run(work())
    return tmp_path


def test_those_that_ended_long_ago_go_but_never_the_last_one(releases: Path) -> None:
    later = time.time() + 1

    judged = {each.name: each.why for each in judge_journals(releases, later)}

    assert judged == {
        "4": "it is the last release",
        "3": "",
        "2": "it did not come to its end",
        "1": "",
        "0": "",
    }
    assert len(release_ids(releases)) == 5
    assert [each.name for each in remove_journals(releases, later) if each.removed] == ["3", "1", "0"]
    assert release_ids(releases) == ("4", "2")
    assert not any(each.removed for each in remove_journals(releases, later))


def test_what_was_written_since_stays(releases: Path) -> None:
    before = time.time() + 1
    os.utime(releases / RELEASES / "0.jsonl", (before + 1,) * 2)

    assert {each.name: each.why for each in judge_journals(releases, before)}["0"] == "it was used since"
    assert {each.why for each in judge_journals(releases, 0.0) if each.name in "013"} == {"it was used since"}


def test_none_goes_while_tags_are_being_moved(releases: Path) -> None:
    with alone(releases), pytest.raises(UsageError, match="another bakec moves tags"):
        remove_journals(releases, time.time() + 1)
    assert len(release_ids(releases)) == 5


def test_one_that_can_not_be_removed_is_an_error(releases: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)

    with pytest.raises(BakecError, match=r"3\.jsonl: Permission denied"):
        remove_journals(releases, time.time() + 1)


def test_a_project_without_releases_has_none(tmp_path: Path) -> None:
    assert judge_journals(tmp_path, time.time()) == ()
