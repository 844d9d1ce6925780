"""Which staged tags can go."""

from collections.abc import Mapping

import pytest

from bake_compiler.oci.digest import Digest
from bake_compiler.staged import Held, Judgement, RepositoryFacts, TagFate, judge_tags, named_at

NOW, DAY = 1_800_000_000.0, 86_400.0
BEFORE = NOW - 7 * DAY


def digest(text: str) -> Digest:
    return Digest.of(text.encode())


def held(tag: str, content: str, *needs: str) -> Held:
    return Held(tag, digest(content), frozenset(map(digest, needs)))


def aged(*tags: Held, days: float = 30) -> dict[tuple[str, Digest], float]:
    return {(each.tag, each.digest): NOW - days * DAY for each in tags}


def fates(tags: tuple[Held, ...], known: RepositoryFacts) -> Mapping[str, Judgement]:
    return {each.held.tag: each for each in judge_tags(tags, known, BEFORE)}


OLD = held("staged-old", "a")


def test_what_is_old_and_nobody_needs_goes_and_no_public_tag_is_judged() -> None:
    found = fates((OLD, held("1.0", "b")), RepositoryFacts(aged(OLD)))

    assert list(found) == ["staged-old"]
    assert (found["staged-old"].fate, found["staged-old"].why) == (TagFate.GOES, "")


@pytest.mark.parametrize(
    ("known", "why"),
    [
        (RepositoryFacts(), "its age is not known"),
        (RepositoryFacts({("staged-old", digest("another")): 0.0}), "its age is not known"),
        (RepositoryFacts(aged(OLD, days=6.9)), "it was used since"),
        (RepositoryFacts(aged(OLD), kept={"staged-old": "run 1"}), "run 1"),
        (RepositoryFacts(aged(OLD), pinned={OLD.digest: "release 1"}), "release 1"),
    ],
)
def test_what_may_still_be_asked_for_stays(known: RepositoryFacts, why: str) -> None:
    found = fates((OLD,), known)["staged-old"]

    assert (found.fate, found.why) == (TagFate.STAYS, why)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (held("1.0", "a"), "1.0 names it too"),
        (held("1.0", "index", "a"), "1.0 needs it"),
        (held("signature", "s", "a"), "signature needs it"),
        (held("staged-unknown", "a"), "staged-unknown names it too"),
    ],
)
def test_of_a_manifest_that_something_needs_at_most_the_tag_goes(other: Held, why: str) -> None:
    found = fates((OLD, other), RepositoryFacts(aged(OLD)))["staged-old"]

    assert (found.fate, found.why) == (TagFate.TAG_ALONE, why)


@pytest.mark.parametrize("end", ["", ".sig", ".att"])
def test_what_is_signed_or_attested_stays(end: str) -> None:
    about = held(f"sha256-{OLD.digest.encoded}{end}", "s")

    found = fates((OLD, about), RepositoryFacts(aged(OLD)))["staged-old"]

    assert (found.fate, found.why) == (TagFate.STAYS, f"{about.tag} is about it")


def test_what_the_project_publishes_keeps_its_content_tag() -> None:
    found = fates((OLD, held("latest", "a")), RepositoryFacts(aged(OLD), own=frozenset({"latest"})))["staged-old"]

    assert (found.fate, found.why) == (TagFate.STAYS, "latest names it: the next build asks for it")


def test_tags_of_one_manifest_and_an_index_of_another_go_together_the_index_first() -> None:
    tags = (OLD, held("staged-same", "a"), held("staged-index", "i", "a"))

    judged = judge_tags(tags, RepositoryFacts(aged(*tags)), BEFORE)

    assert [(each.held.tag, each.fate) for each in judged] == [
        ("staged-index", TagFate.GOES),
        ("staged-old", TagFate.GOES),
        ("staged-same", TagFate.GOES),
    ]


def test_what_an_index_needs_that_stays_for_its_signature_stays_too() -> None:
    signed = held("staged-index", "i", "a")

    for known, tags in (
        (RepositoryFacts(aged(OLD, signed), pinned={signed.digest: "signed"}), (OLD, signed)),
        (RepositoryFacts(aged(OLD, signed)), (OLD, signed, held(f"sha256-{signed.digest.encoded}.sig", "s"))),
    ):
        found = fates(tags, known)
        assert found["staged-index"].fate is TagFate.STAYS
        assert (found["staged-old"].fate, found["staged-old"].why) == (TagFate.TAG_ALONE, "staged-index needs it")


@pytest.mark.parametrize("tag", ["staged-20261124T193000-1a2b3c", "staged-probe-20261124T193000-1a2b3c"])
def test_a_name_with_a_time_is_as_young_as_any_time_zone_makes_it(tag: str) -> None:
    assert named_at(tag) == 1795548600 + 12 * 3600


@pytest.mark.parametrize("tag", ["staged-0123abc", "1.0", "staged-20261324T193000-1a2b3c", "staged-20261124T193000"])
def test_a_name_without_one_has_none(tag: str) -> None:
    assert named_at(tag) is None
