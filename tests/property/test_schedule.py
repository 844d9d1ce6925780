"""Whatever images there are and whatever happens to them, each has its chance and ends once."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bake_compiler.plan import PlannedImage
from bake_compiler.plan.order import needs_first
from bake_compiler.schedule import Blocked, Retries, run_all, ways
from tests.fakes.planned import planned
from tests.fakes.virtual_time import run as run_virtually
from tests.fakes.yard import Yard

PHASES = ("early", "middle", "late")
FEWER = settings(deadline=None, max_examples=50)  # a case is large, and dear to make


@dataclass(frozen=True)
class Case:
    """Images, in the order in which they are given, and what happens to them."""

    images: tuple[PlannedImage, ...]
    failing: frozenset[str]
    flaky: Mapping[str, int]
    takes: Mapping[str, float]
    verifying: Mapping[str, float]
    seconds: Mapping[str, float]
    slots: int
    gates: frozenset[str]
    budget: int

    @property
    def closed(self) -> Mapping[str, Sequence[str]]:
        return {phase: PHASES[: PHASES.index(phase)] for phase in self.gates}

    def yard(self) -> Yard:
        retries = Retries(self.budget, first=2, longest=9, jitter=lambda: 0.5)
        return Yard(set(self.failing), self.flaky, self.takes, self.verifying, retries)

    async def run(self, yard: Yard, *, fail_fast: bool = False) -> None:
        await run_all(
            self.images,
            yard,
            slots=self.slots,
            seconds=self.seconds,
            phases=PHASES,
            gates=self.gates,
            fail_fast=fail_fast,
        )

    def outcomes(self) -> dict[str, bool | Blocked]:
        """What each image must come to when nothing is stopped."""
        found: dict[str, bool | Blocked] = {}
        for image in needs_first(self.images):
            bad = [need for need in image.needs if found.get(need, True) is not True]
            good = image.name not in self.failing and self.flaky.get(image.name, 0) <= self.budget
            found[image.name] = Blocked(bad[0]) if bad else good
        return found


@st.composite
def cases(draw: st.DrawFn) -> Case:
    count = draw(st.integers(1, 10))
    names = [f"i{number}" for number in range(count)]
    phases = sorted(draw(st.lists(st.integers(0, 2), min_size=count, max_size=count)))
    images = []
    for number, name in enumerate(names):
        needs = draw(st.lists(st.sampled_from([*names[:number], "elsewhere"]), max_size=3, unique=True))
        images.append(replace(planned(name, *needs), phase=PHASES[phases[number]]))
    some = st.sampled_from(names)
    seconds = st.dictionaries(some, st.integers(0, 6).map(float), max_size=count)
    return Case(
        tuple(draw(st.permutations(images))),
        frozenset(draw(st.sets(some, max_size=3))),
        draw(st.dictionaries(some, st.integers(1, 3), max_size=4)),
        draw(seconds),
        draw(seconds),
        draw(seconds),
        draw(st.integers(1, 4)),
        frozenset(draw(st.sets(st.sampled_from(PHASES)))),
        draw(st.integers(0, 3)),
    )


@given(cases())
@FEWER
def test_each_image_ends_once_and_as_it_must(case: Case) -> None:
    yard = case.yard()

    run_virtually(case.run(yard))

    assert yard.ended == case.outcomes()


@given(cases())
@FEWER
def test_slots_are_never_too_many_and_never_idle_while_an_image_is_ready(case: Case) -> None:
    yard = case.yard()

    def look() -> None:
        ready = [image.name for image in case.images if yard.is_ready(image, case.images, case.closed)]
        assert len(yard.inside) == case.slots or not ready

    run_virtually(case.run(yard), look)

    assert yard.most <= case.slots


@given(cases())
@FEWER
def test_of_those_that_wait_the_one_before_the_longest_way_is_next(case: Case) -> None:
    yard, way = case.yard(), ways(case.images, case.seconds)
    waiting: list[list[str]] = []
    begun: list[int] = []

    def look() -> None:
        ready = [image.name for image in case.images if yard.is_ready(image, case.images, case.closed)]
        waiting.append(ready)
        begun.append(len(yard.begun))

    run_virtually(case.run(yard), look)

    for ready, start in zip(waiting, begun, strict=True):
        left = set(ready)
        for name in yard.begun[start:]:
            if not left:
                break
            if name in left:
                assert way[name] == max(way[each] for each in left)
                left.remove(name)


@given(cases())
@FEWER
def test_needs_and_gates_are_respected(case: Case) -> None:
    yard = case.yard()

    run_virtually(case.run(yard))

    told = {name: place for place, (what, name) in enumerate(yard.story) if what != "begin"}
    for image in case.images:
        if image.name in yard.begun:
            begin = yard.story.index(("begin", image.name))
            needs = {need for need in image.needs if need in told}
            gated = {other.name for other in case.images if other.phase in case.closed.get(image.phase, ())}
            assert all(told[name] < begin for name in needs | gated)
            assert all(yard.ended[need] is True for need in needs)


@given(cases())
@FEWER
def test_attempts_are_counted_paused_and_within_the_budget(case: Case) -> None:
    yard = case.yard()

    run_virtually(case.run(yard))

    for image in case.images:
        spans = [span for span in yard.spans if span.image == image.name]
        expected = 0 if isinstance(yard.ended[image.name], Blocked) else 1 + case.flaky.get(image.name, 0)
        assert [span.number for span in spans] == list(range(1, min(expected, 1 + case.budget) + 1))
        for one, other in pairwise(spans):
            pause = yard.retries.pause(one.number)
            assert pause is not None
            assert other.began >= one.ended + pause


@given(cases())
@FEWER
def test_faults_that_pass_within_the_budget_change_nothing_but_the_time(case: Case) -> None:
    patient = replace(case, budget=3)
    yard = patient.yard()

    run_virtually(patient.run(yard))

    assert yard.ended == replace(patient, flaky={}).outcomes()


@given(cases())
@FEWER
def test_fail_fast_begins_nothing_after_the_first_failure_and_all_end(case: Case) -> None:
    yard = case.yard()

    run_virtually(case.run(yard, fail_fast=True))

    assert yard.ended.keys() == {image.name for image in case.images}
    assert yard.inside == set()
    failed = [name for name, outcome in yard.ended.items() if outcome is False]
    if failed:
        first = yard.story.index(("bad", failed[0]))
        assert len(failed) == 1
        assert all(what == "bad" for what, _ in yard.story[first:])
        stopped = {outcome.by for outcome in yard.ended.values() if isinstance(outcome, Blocked) and outcome.stopped}
        assert stopped <= {failed[0]}
    else:
        assert yard.ended == case.outcomes()


@given(cases(), st.floats(0, 30), st.booleans())
@FEWER
def test_a_cancellation_at_any_moment_ends_all_attempts_and_passes(case: Case, moment: float, fail_fast: bool) -> None:
    yard = case.yard()

    async def cancelled() -> bool:
        running = asyncio.create_task(case.run(yard, fail_fast=fail_fast))
        await asyncio.sleep(moment)
        was_over = running.done()
        running.cancel()
        if was_over:
            await running
        else:
            with pytest.raises(asyncio.CancelledError):
                await running
        return was_over

    was_over = run_virtually(cancelled())

    assert yard.inside == set()
    assert not was_over or yard.ended.keys() == {image.name for image in case.images}


@given(cases())
@FEWER
def test_ways_grow_towards_what_is_needed(case: Case) -> None:
    found = ways(case.images, case.seconds)

    assert found.keys() == {image.name for image in case.images}
    for image in case.images:
        for need in image.needs:
            assert need not in found or found[need] >= found[image.name]


@given(cases())
@FEWER
def test_in_order_is_a_permutation_with_needs_first(case: Case) -> None:
    names = [image.name for image in needs_first(case.images)]

    assert sorted(names) == sorted(image.name for image in case.images)
    for image in case.images:
        assert all(names.index(need) < names.index(image.name) for need in image.needs if need in names)
