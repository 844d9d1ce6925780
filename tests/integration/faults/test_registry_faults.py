"""The registry fails while bakec builds: what could succeed did, nothing is half published, all is accounted for."""

from itertools import count

import pytest

from tests.fakes.faulty import (
    Cut,
    Faulty,
    Outage,
    Reset,
    Status,
    always,
    any_of,
    at,
    drawn,
    each,
    push_at_random,
    sound,
)
from tests.integration.faults.conftest import Faulted, every_cell

pytestmark = pytest.mark.docker

QUICKLY = {"BAKEC_RETRY_PAUSE": "0.2"}
HUB, LEAVES, ON_HUB = "hub", tuple(f"leaf{number}" for number in range(8)), tuple(f"top{number}" for number in range(4))
THIRTEEN = (HUB, *LEAVES, *ON_HUB)
FOUR = (HUB, *LEAVES[:2], ON_HUB[0])
SEED, SHARE = 1, 0.3  # 6 of the 13 fail once, and one of these twice


@pytest.fixture
def thirteen(project: Faulted) -> Faulted:
    """A hub, four images that are built from it, and eight that need nothing."""
    for name in (HUB, *LEAVES):
        project.image(name)
    for name in ON_HUB:
        project.image(name, needs=[HUB])
    return project


@pytest.fixture
def four(project: Faulted) -> Faulted:
    """A hub, one image that is built from it, and two that need nothing."""
    for name in (HUB, *LEAVES[:2]):
        project.image(name)
    project.image(ON_HUB[0], needs=[HUB])
    return project


def pushes_needed(image: str) -> int:
    """How often an image must be pushed until chance lets it through."""
    chance = drawn(SEED, image)
    return next(number for number in count(1) if chance.random() >= SHARE)


def test_is_patient_with_a_registry_that_is_gone_for_20_seconds(four: Faulted, faulty_registry: Faulty) -> None:
    faulty_registry.rule = at(2, lambda asked: asked.stages, Outage(20))

    ended = four.build("all")

    four.is_published(ended, *FOUR)
    assert faulty_registry.did == {"outage": 1}
    assert max(ended.attempts.values()) > 1
    assert all(failure["transient"] for failure in ended.failures)


def test_asks_no_sooner_than_a_busy_registry_says(four: Faulted, faulty_registry: Faulty) -> None:
    busy = Status(429, retry_after="2")
    read = at(3, lambda asked: asked.method == "GET" and "/manifests/" in asked.path, busy)
    faulty_registry.rule = any_of(read, at(2, lambda asked: asked.publishes, busy))

    ended = four.build("all", env=QUICKLY)

    four.is_published(ended, *FOUR)
    assert faulty_registry.did == {"429": 2}
    for refused, _ in faulty_registry.faults:
        again = next(each for each in faulty_registry.asked if each.at > refused.at and each.path == refused.path)
        assert again.at - refused.at >= 2


def test_a_push_that_a_busy_registry_refuses_each_time_is_left_for_later(
    four: Faulted, faulty_registry: Faulty
) -> None:
    faulty_registry.rule = always(lambda asked: asked.stages and asked.image == HUB, Status(429, retry_after="1"))

    ended = four.build("all", "--retries", "1", env=QUICKLY)

    assert ended.status == 5, ended.told
    assert ended.outcomes == {
        **every_cell("built", *LEAVES[:2]),
        **every_cell("failed", HUB),
        **every_cell("blocked", ON_HUB[0]),
    }
    assert ended.attempts == {LEAVES[0]: 1, LEAVES[1]: 1, HUB: 2, ON_HUB[0]: 0}
    assert [failure["transient"] for failure in ended.failures] == [True, True]
    assert ended.document["published"] is False
    assert set(four.public_digests(*FOUR).values()) == {None}

    faulty_registry.rule = sound
    resumed = four.resume()

    four.is_published(resumed, *FOUR)
    assert resumed.kept == set(LEAVES[:2])
    assert resumed.attempts == {LEAVES[0]: 0, LEAVES[1]: 0, HUB: 1, ON_HUB[0]: 1}
    assert all(resumed.digests[name] == ended.digests[name] for name in LEAVES[:2])


def test_a_registry_out_of_order_may_mend_and_one_that_refuses_does_not(
    thirteen: Faulted, faulty_registry: Faulty
) -> None:
    answers = {
        LEAVES[0]: Status(503),
        LEAVES[1]: Status(503, page=True),
        LEAVES[2]: Status(500),
        LEAVES[3]: Status(401),
        LEAVES[4]: Status(403),
    }
    faulty_registry.rule = lambda asked: answers[asked.image] if asked.stages else None

    ended = thirteen.build(*answers, "--retries", "0")

    assert ended.status == 5, ended.told
    assert ended.outcomes == every_cell("failed", *answers)
    transient = {name: ended.image(name)["failure"]["transient"] for name in answers}
    assert transient == {LEAVES[0]: True, LEAVES[1]: True, LEAVES[2]: True, LEAVES[3]: False, LEAVES[4]: False}
    assert {failure["kind"] for failure in ended.failures} == {"registry"}


def test_each_third_upload_is_reset_and_each_fourth_answer_is_cut(four: Faulted, faulty_registry: Faulty) -> None:
    faulty_registry.rule = any_of(
        each(3, lambda asked: asked.uploads, Reset()), each(4, lambda asked: asked.method == "GET", Cut(20))
    )

    ended = four.build("all", env=QUICKLY)

    four.is_published(ended, *FOUR)
    assert min(faulty_registry.did["reset"], faulty_registry.did["cut"]) > len(FOUR)


def test_30_percent_of_the_pushes_fail_and_all_13_images_are_published(
    thirteen: Faulted, faulty_registry: Faulty
) -> None:
    faulty_registry.rule = push_at_random(SHARE, SEED, Status(429))
    needed = {name: pushes_needed(name) for name in THIRTEEN}

    ended = thirteen.build("all", env=QUICKLY)

    thirteen.is_published(ended, *THIRTEEN)
    assert ended.attempts == needed
    assert {image["name"]: image["retries"] + 1 for image in ended.document["images"]} == needed
    assert all(failure["transient"] for failure in ended.failures)


def test_tags_that_cannot_all_move_are_put_back_and_move_when_the_run_is_resumed(
    four: Faulted, faulty_registry: Faulty
) -> None:
    two = LEAVES[:2]
    first = four.build(*two)
    four.is_published(first, *two)
    for name in two:
        four.change(name)
    faulty_registry.rule = at(2, lambda asked: asked.publishes, Status(403))

    ended = four.build(*two)

    assert ended.status == 5, ended.told
    assert ended.outcomes == every_cell("built", *two)
    assert ended.document["published"] is False
    assert "could not be moved" in ended.document["publish_error"]
    assert four.public_digests(*two) == first.digests

    resumed = four.resume()

    four.is_published(resumed, *two)
    assert resumed.attempts == dict.fromkeys(two, 0)
    assert resumed.digests == ended.digests
