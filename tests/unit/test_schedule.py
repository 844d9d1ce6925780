import asyncio
from dataclasses import dataclass, field

import pytest

from bake_compiler.plan import PlannedImage
from bake_compiler.schedule import Blocked, run_all
from tests.fakes.planned import planned


@dataclass
class Yard:
    """A builder in memory: how many were in it at once, in which order they ended, and which of them fail."""

    failing: set[str] = field(default_factory=set)
    inside: int = 0
    most: int = 0
    ended: dict[str, bool | Blocked] = field(default_factory=dict)
    ready: list[tuple[str, set[str]]] = field(default_factory=list)

    async def build(self, image: PlannedImage) -> bool:
        self.ready.append((image.name, set(self.ended)))
        self.inside += 1
        self.most = max(self.most, self.inside)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        self.inside -= 1
        if image.name == "explodes":
            raise ZeroDivisionError
        return image.name not in self.failing

    def on_end(self, image: PlannedImage, outcome: bool | Blocked) -> None:
        assert image.name not in self.ended
        self.ended[image.name] = outcome

    def run(self, *images: PlannedImage, slots: int = 2) -> None:
        asyncio.run(run_all(images, slots, self.build, bool, self.on_end))


def test_a_failure_stops_no_other_image() -> None:
    yard = Yard({"b"})

    yard.run(*(planned(name) for name in "abcdef"))

    assert yard.ended == {name: name != "b" for name in "abcdef"}


def test_an_image_is_built_after_all_that_it_needs_even_when_listed_before_it() -> None:
    yard = Yard()

    yard.run(planned("last", "middle", "first"), planned("middle", "first"), planned("first"), slots=3)

    assert yard.ready == [("first", set()), ("middle", {"first"}), ("last", {"first", "middle"})]


def test_an_image_whose_need_failed_is_blocked_by_it_and_named() -> None:
    yard = Yard({"hub"})

    yard.run(planned("hub"), planned("web", "hub"), planned("other"))

    assert yard.ended == {"hub": False, "web": Blocked("hub"), "other": True}


def test_a_chain_is_blocked_to_its_end() -> None:
    yard = Yard({"a"})

    yard.run(planned("a"), planned("b", "a"), planned("c", "b"), planned("d", "c"))

    assert yard.ended == {"a": False, "b": Blocked("a"), "c": Blocked("b"), "d": Blocked("c")}


def test_a_need_that_is_not_part_of_the_run_is_not_waited_for() -> None:
    yard = Yard()

    yard.run(planned("web", "hub"))

    assert yard.ended == {"web": True}


@pytest.mark.parametrize("slots", [1, 2, 5])
def test_never_more_are_built_at_once_than_there_are_slots_and_no_slot_is_idle(slots: int) -> None:
    yard = Yard()

    yard.run(*(planned(f"i{number}") for number in range(12)), slots=slots)

    assert yard.most == slots
    assert len(yard.ended) == 12


def test_images_that_wait_for_others_take_no_slot() -> None:
    yard = Yard()

    yard.run(*(planned(f"w{number}", "hub") for number in range(5)), planned("hub"), slots=1)

    assert len(yard.ended) == 6


def test_a_chain_of_a_thousand_images_ends() -> None:
    yard = Yard()

    yard.run(planned("i0"), *(planned(f"i{number}", f"i{number - 1}") for number in range(1, 1000)))

    assert len(yard.ended) == 1000


def test_an_exception_ends_the_run_as_itself() -> None:
    with pytest.raises(ZeroDivisionError):
        Yard().run(planned("a"), planned("explodes"), planned("c", "explodes"))


def test_no_images_are_no_work() -> None:
    yard = Yard()

    yard.run()

    assert yard.ended == {}
