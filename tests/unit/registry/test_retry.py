import asyncio

import pytest

from bake_compiler.registry import Retry
from bake_compiler.registry.retry import retry_after
from tests.fakes.clock import FakeClock

DATE = "Wed, 21 Oct 2015 07:28:00 GMT"


async def exhaust(retry: Retry) -> None:
    patience = retry.patience()
    while await patience.pause():
        pass


def test_pauses_grow_to_a_ceiling_and_end_before_the_deadline() -> None:
    clock = FakeClock()

    asyncio.run(exhaust(clock.retry()))

    assert clock.slept == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0]
    assert clock.now <= 30.0


def test_jitter_shortens_a_pause_by_half_at_most() -> None:
    clock = FakeClock()
    retry = Retry(first=4.0, deadline=4.0, clock=clock.read, sleep=clock.sleep, jitter=lambda: 0.0)

    asyncio.run(exhaust(retry))

    assert clock.slept == [2.0]


def test_waits_as_long_as_the_registry_asks() -> None:
    clock = FakeClock()

    assert asyncio.run(clock.retry().patience().pause(20.0))

    assert clock.slept == [20.0]


def test_does_not_wait_for_what_lies_beyond_the_deadline() -> None:
    clock = FakeClock()

    assert not asyncio.run(clock.retry().patience().pause(31.0))

    assert clock.slept == []


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": " 0 "}, 0.0),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "soon", "Date": DATE}, None),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:09 GMT", "Date": DATE}, 9.0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:27:00 GMT", "Date": DATE}, 0.0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:09 GMT"}, None),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:09 -0000", "Date": DATE}, None),
    ],
)
def test_reads_retry_after_in_seconds_or_against_the_date_of_the_answer(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after(headers) == seconds
