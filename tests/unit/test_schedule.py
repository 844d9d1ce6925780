"""Who is built when. Time is virtual: an image takes one second unless a test says more."""

import asyncio
from dataclasses import replace
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake_compiler.plan import PlannedImage
from bake_compiler.plan.order import needs_first
from bake_compiler.schedule import Blocked, Retries, _Slots, default_slots, run_all, side_by_side, ways
from tests.fakes.planned import planned
from tests.fakes.virtual_time import VirtualLoop
from tests.fakes.virtual_time import run as run_virtually
from tests.fakes.yard import Span, Yard

GIB = 1 << 30
EXACT = Retries(jitter=lambda: 0.5)


def last(name: str, *needs: str) -> PlannedImage:
    return replace(planned(name, *needs), phase="last")


def chain(*names: str) -> list[PlannedImage]:
    return [planned(name, *names[number - 1 : number]) for number, name in enumerate(names)]


# What fails, and what that means for the others.


def test_a_failure_stops_no_other_image() -> None:
    yard = Yard({"b"})

    yard.run(*map(planned, "abcdef"))

    assert yard.ended == {name: name != "b" for name in "abcdef"}


def test_an_image_whose_need_failed_is_blocked_by_it_and_named() -> None:
    yard = Yard({"hub"})

    yard.run(planned("hub"), planned("web", "hub"), planned("other"))

    assert yard.ended == {"hub": False, "web": Blocked("hub"), "other": True}
    assert yard.begun == ["hub", "other"]


def test_a_chain_is_blocked_to_its_end_each_by_what_it_needs_itself() -> None:
    yard = Yard({"a"})

    yard.run(*chain("a", "b", "c", "d"))

    assert yard.ended == {"a": False, "b": Blocked("a"), "c": Blocked("b"), "d": Blocked("c")}


def test_an_exception_ends_the_run_as_itself_and_all_that_is_being_built() -> None:
    yard = Yard(explodes="a", takes={"b": 60})

    with pytest.raises(ZeroDivisionError):
        yard.run(*map(planned, "abc"), planned("d", "a"))

    assert yard.inside == set()
    assert yard.ended == {}


# Edges and gates.


def test_an_image_is_built_after_all_that_it_needs_even_when_listed_before_it() -> None:
    yard = Yard()

    yard.run(planned("last", "middle", "first"), planned("middle", "first"), planned("first"), slots=3)

    assert yard.spans == [Span("first", 1, 0, 1), Span("middle", 1, 1, 2), Span("last", 1, 2, 3)]


def test_an_image_waits_until_what_it_needs_is_verified() -> None:
    yard = Yard(verifying={"hub": 5})

    yard.run(planned("hub"), planned("web", "hub"))

    assert yard.spans == [Span("hub", 1, 0, 1), Span("web", 1, 6, 7)]


def test_a_need_that_is_not_part_of_the_run_is_not_waited_for() -> None:
    yard = Yard()

    yard.run(planned("web", "hub"))

    assert yard.ended == {"web": True}


def test_without_a_gate_an_image_of_a_later_phase_does_not_wait_for_earlier_ones() -> None:
    yard = Yard(takes={"slow": 9})

    yard.run(planned("slow"), last("quick"), phases=("first", "last"))

    assert yard.spans[0] == Span("quick", 1, 0, 1)


def test_a_gate_opens_when_all_images_of_earlier_phases_have_ended_well_or_not() -> None:
    yard = Yard({"bad"}, takes={"slow": 9})

    yard.run(
        last("late"),
        *(planned("slow"), planned("bad"), planned("blocked", "bad")),
        slots=3,
        phases=("first", "last"),
        gates=frozenset({"last"}),
    )

    assert yard.spans[-1] == Span("late", 1, 9, 10)
    assert yard.ended == {"bad": False, "blocked": Blocked("bad"), "slow": True, "late": True}


def test_a_gate_of_the_first_phase_or_of_one_without_images_holds_nobody_up() -> None:
    yard = Yard()

    yard.run(planned("a"), last("b"), phases=("first", "empty", "last"), gates=frozenset({"first", "empty"}))

    assert {span.began for span in yard.spans} == {0}


# Slots, and who gets the next one.


@pytest.mark.parametrize("slots", [1, 2, 5])
def test_never_more_are_built_at_once_than_there_are_slots_and_no_slot_is_idle(slots: int) -> None:
    yard = Yard()

    yard.run(*(planned(f"i{number}") for number in range(10)), slots=slots)

    assert yard.most == slots
    assert len(yard.ended) == 10
    assert yard.spans[-1].ended == 10 / slots


def test_images_that_wait_for_others_take_no_slot() -> None:
    yard = Yard()

    yard.run(*(planned(f"w{number}", "hub") for number in range(5)), planned("hub"), slots=1)

    assert len(yard.ended) == 6


def test_verifying_takes_no_slot() -> None:
    yard = Yard(verifying={"a": 100})

    yard.run(planned("a"), planned("b"), slots=1)

    assert yard.spans[1] == Span("b", 1, 1, 2)


def test_the_image_before_the_longest_way_goes_first() -> None:
    yard = Yard()
    images = [planned("short"), planned("long"), *chain("base", "middle", "end")]

    yard.run(*images, slots=1, seconds={"short": 1, "long": 25, "base": 1, "middle": 10, "end": 20})

    assert yard.begun == ["base", "long", "middle", "short", "end"]


def test_without_known_times_the_longest_chain_goes_first_and_equals_in_the_order_given() -> None:
    yard = Yard()

    yard.run(planned("x"), planned("y"), *chain("a", "b"), slots=1)

    assert yard.begun == ["a", "x", "y", "b"]


def test_a_way_is_the_image_and_the_longest_chain_after_it() -> None:
    images = [*chain("hub", "web"), planned("api", "hub"), planned("other")]

    assert ways(images, {"hub": 5, "web": 2, "api": 9, "other": 1}) == {"hub": 14, "web": 2, "api": 9, "other": 1}


def test_an_image_whose_time_is_not_known_counts_as_the_median_of_the_others() -> None:
    images = list(map(planned, "abcd"))

    assert ways(images, {"a": 1, "b": 3, "c": 50, "gone": 999})["d"] == 3
    assert ways(images, {})["d"] == 1


def test_an_image_that_is_likely_to_be_slow_goes_first_until_its_time_is_known() -> None:
    images = [planned("hub"), planned("ssh"), planned("web", "hub")]

    assert ways(images, {}, {"ssh"}) == {"hub": 2, "ssh": 10, "web": 1}
    assert ways(images, {"ssh": 3, "hub": 7}, {"ssh", "web"}) == {"hub": 57, "ssh": 3, "web": 50}


def test_images_in_order_come_after_all_that_they_need() -> None:
    images = [planned("d", "b", "c"), planned("c", "a"), planned("b", "a", "elsewhere"), planned("a")]

    assert [image.name for image in needs_first(images)] == ["a", "c", "b", "d"]


@pytest.mark.parametrize(
    ("nodes", "cores", "memory", "slots"),
    [
        (1, 4, 64 * GIB, 16),
        (3, 4, 64 * GIB, 48),
        (1, 16, 8 * GIB, 4),
        (2, 16, 8 * GIB, 8),
        (1, 4, GIB, 1),
        (1, 4, 0, 8),
        (0, 0, 0, 1),
    ],
)
def test_there_are_four_slots_for_each_core_as_far_as_memory_goes(
    nodes: int, cores: int, memory: int, slots: int
) -> None:
    assert default_slots(nodes, cores, memory) == slots


# Which images begin together.


def beside(**steps: str) -> str:
    """The order of images whose steps are these letters."""
    return "".join(image.name for image in side_by_side([planned(name) for name in steps], steps))


@pytest.mark.parametrize(
    ("steps", "order"),
    [
        ({"a": "Fxy", "b": "Fz", "c": "Fxy"}, "acb"),
        ({"a": "Fx", "b": "Fz", "c": "Fx"}, "abc"),
        ({"a": "Fxy", "b": "Fxz", "c": "Fxy"}, "acb"),
        ({"a": "Fxy", "b": "Fxyv", "c": "Fxyw", "d": "Fxyv"}, "abdc"),
        ({"a": "Fxy", "b": "Fxz", "c": "z", "d": "Fxyw", "e": "Fxz"}, "adbec"),
        ({"a": "Fyx", "b": "Fx", "c": "Gyx"}, "abc"),
        ({"b": "", "a": "", "c": "x"}, "bac"),
        ({}, ""),
    ],
    ids=["alike", "one step", "two", "the longer beginning", "the first leads", "another", "unknown", "none"],
)
def test_images_that_share_more_than_a_step_come_together_else_in_the_order_given(
    steps: dict[str, str], order: str
) -> None:
    assert beside(**steps) == order


def test_images_that_begin_alike_are_begun_together() -> None:
    yard = Yard()
    images = side_by_side([*map(planned, "abcd")], {"a": "Fxy", "b": "y", "c": "z", "d": "Fxy"})

    yard.run(*images, slots=2)

    assert yard.begun[:2] == ["a", "d"]


@given(st.lists(st.lists(st.sampled_from("xyz"), max_size=5), max_size=12))
def test_all_that_begin_alike_are_neighbours_whatever_the_steps(steps: list[list[str]]) -> None:
    by_name = {f"i{number}": each for number, each in enumerate(steps)}

    ordered = [image.name for image in side_by_side([*map(planned, by_name)], by_name)]

    assert sorted(ordered) == sorted(by_name)
    for length in range(3, 6):
        starts = [tuple(by_name[name][:length]) for name in ordered if len(by_name[name]) >= length]
        runs = [start for start, _ in groupby(starts)]
        assert len(runs) == len(set(runs))


# Attempts.


def test_an_image_is_attempted_again_after_a_pause_and_those_that_need_it_wait_for_that() -> None:
    yard = Yard(flaky={"hub": 2}, retries=EXACT)

    yard.run(planned("hub"), planned("web", "hub"))

    assert yard.spans == [Span("hub", 1, 0, 1), Span("hub", 2, 4, 5), Span("hub", 3, 14, 15), Span("web", 1, 15, 16)]
    assert yard.ended == {"hub": True, "web": True}


def test_a_pause_holds_no_slot() -> None:
    yard = Yard(flaky={"a": 1}, retries=EXACT, takes={"a": 2})

    yard.run(planned("a"), planned("b"), planned("c"), slots=1, seconds={"a": 9})

    assert yard.spans == [Span("a", 1, 0, 2), Span("b", 1, 2, 3), Span("c", 1, 3, 4), Span("a", 2, 5, 7)]


def test_after_its_last_attempt_a_failed_image_has_failed() -> None:
    yard = Yard(flaky={"a": 99}, retries=Retries(2))

    yard.run(planned("a"), planned("b", "a"))

    assert yard.begun == ["a"] * 3
    assert yard.ended == {"a": False, "b": Blocked("a")}


def test_pauses_grow_threefold_up_to_the_longest_and_end_with_the_budget() -> None:
    retries = Retries(5, first=3, longest=60, jitter=lambda: 0.5)

    assert [retries.pause(attempt) for attempt in range(1, 7)] == [3, 9, 27, 60, 60, None]
    assert Retries(0).pause(1) is None


def test_jitter_takes_or_gives_a_quarter() -> None:
    assert Retries(first=4, jitter=lambda: 0.0).pause(1) == 3
    assert Retries(first=4, jitter=lambda: 1.0).pause(1) == 5


def test_two_images_that_fail_together_do_not_come_back_together() -> None:
    assert len({Retries().pause(1) for _ in range(20)}) > 1


def test_what_the_registry_asks_for_is_waited_for_unless_it_is_absurd() -> None:
    assert EXACT.pause(1, asked_for=40) == 40
    assert EXACT.pause(1, asked_for=1) == 3
    assert EXACT.pause(1, asked_for=86400) == 120


def test_a_budget_of_a_thousand_attempts_is_one_too() -> None:
    assert Retries(1000, first=0).pause(1000) == 0


# Ends before the end.


def test_fail_fast_begins_nothing_after_a_failure_and_stops_what_is_being_built() -> None:
    yard = Yard({"bad"}, takes={"slow": 60, "bad": 2, "next": 60})

    yard.run(*map(planned, ("slow", "bad", "good", "next", "late")), planned("web", "slow"), slots=3, fail_fast=True)

    assert yard.begun == ["slow", "bad", "good", "next"]
    assert yard.spans[-2:] == [Span("slow", 1, 0, 2), Span("next", 1, 1, 2)]
    stopped = dict.fromkeys(("slow", "next", "late"), Blocked("bad", stopped=True))
    assert yard.ended == {"good": True, "bad": False, **stopped, "web": Blocked("slow")}


def test_fail_fast_does_not_wait_for_a_verification() -> None:
    yard = Yard({"bad"}, takes={"bad": 2}, verifying={"a": 60})

    yard.run(planned("a"), planned("bad"), fail_fast=True)

    assert yard.ended == {"bad": False, "a": Blocked("bad", stopped=True)}


def test_what_needs_the_failed_image_is_blocked_by_it_also_with_fail_fast() -> None:
    yard = Yard({"bad"})

    yard.run(*chain("bad", "web"), fail_fast=True)

    assert yard.ended == {"bad": False, "web": Blocked("bad")}


def test_fail_fast_does_not_stop_for_an_attempt_that_is_made_again() -> None:
    yard = Yard(flaky={"a": 1})

    yard.run(*map(planned, "abc"), fail_fast=True)

    assert yard.ended == {"a": True, "b": True, "c": True}


def test_fail_fast_ends_a_pause() -> None:
    yard = Yard({"bad"}, flaky={"a": 1}, takes={"bad": 2})

    yard.run(planned("a"), planned("bad"), fail_fast=True)

    assert yard.ended == {"bad": False, "a": Blocked("bad", stopped=True)}
    assert yard.begun == ["a", "bad"]


@pytest.mark.parametrize("moment", [0.5, 1.5, 2.5, 10])
def test_a_cancelled_run_ends_what_is_being_built_and_says_so(moment: float) -> None:
    yard = Yard(takes={"slow": 60}, flaky={"retried": 1}, verifying={"verified": 60})
    images = [planned("slow"), planned("retried"), planned("verified"), planned("quick"), planned("web", "slow")]

    async def cancelled() -> None:
        async with asyncio.timeout(moment):
            await run_all(images, yard, slots=2)

    with pytest.raises(TimeoutError):
        run_virtually(cancelled())

    assert yard.inside == set()
    assert max(span.ended for span in yard.spans) <= moment
    assert "web" not in yard.ended


def test_a_slot_that_is_given_to_one_who_is_cancelled_at_that_moment_is_given_on() -> None:
    slots = _Slots(1)

    async def hold() -> None:
        async with slots.hold(1):
            await asyncio.sleep(1)

    async def three() -> None:
        async with slots.hold(1):
            second, third = (asyncio.create_task(hold()) for _ in range(2))
            await asyncio.sleep(1)
        second.cancel()
        await third

    run_virtually(three())

    assert slots.free == 1


# Size.


def test_no_images_are_no_work() -> None:
    yard = Yard()

    yard.run()

    assert yard.ended == {}


def test_a_chain_of_a_thousand_images_ends() -> None:
    yard = Yard()

    yard.run(*chain(*(f"i{number}" for number in range(1000))))

    assert len(yard.ended) == 1000


def test_ten_thousand_images_with_twenty_thousand_edges_cost_ten_times_a_thousand() -> None:
    def steps(count: int) -> int:
        needs = [{f"i{number // 2}", f"i{number // 3}"} if number else set() for number in range(count)]
        images = [planned(f"i{number}", *sorted(needs[number] - {f"i{number}"})) for number in range(count)]
        yard = Yard()

        async def counted() -> int:
            await run_all(images, yard, slots=8, phases=("first",))
            loop = asyncio.get_running_loop()
            assert isinstance(loop, VirtualLoop)
            return loop.steps

        done = run_virtually(counted())
        assert len(yard.ended) == count
        return done

    assert steps(10_000) < 11 * steps(1000)
