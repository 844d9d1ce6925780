"""Whatever a repository holds, cleaning leaves every tag whole, takes nothing young, and has nothing left to do."""

import asyncio
import json
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from bake_compiler.oci.reference import Reference
from bake_compiler.registry import Registry
from bake_compiler.staged import Probe, Removal, RepositoryFacts
from tests.fakes.clock import FakeClock
from tests.fakes.images import Made, artifact_of, image_of, index_of
from tests.fakes.registry import Deletes, FakeRegistry, Repository

NAME = "acme/web"
WEB = Reference("registry.test", NAME)
BEFORE = 100.0
AGES = {"old": 50.0, "young": 150.0}

LEAVES = [image_of("linux/amd64", layers=(bytes([number]),)) for number in range(4)]
SIGNATURE = f"sha256-{LEAVES[0].digest.encoded}.sig"
TAGS = ["1.0", "2.0", "latest", "staged-a", "staged-b", "staged-c", "staged-d", "staged-e", SIGNATURE]


@st.composite
def _made(draw: st.DrawFn) -> Made:
    """An image, an index of some, an index of indexes, or an artifact about an image."""
    kind = draw(st.sampled_from(["image", "index", "nested", "artifact"]))
    leaves = draw(st.lists(st.sampled_from(LEAVES), min_size=1, max_size=2, unique_by=lambda leaf: leaf.digest))
    if kind == "image":
        return leaves[0]
    if kind == "artifact":
        return artifact_of(leaves[0])
    index = index_of(*leaves, annotations={"by": draw(st.sampled_from("xy"))})
    return index if kind == "index" else index_of(index, leaves[0])


@st.composite
def _kept(draw: st.DrawFn, made: dict[str, Made]) -> RepositoryFacts:
    """What is known of a repository: of some staged tags the age, of some why they stay."""
    staged = [(tag, one.digest) for tag, one in made.items() if tag.startswith("staged-")]
    ages = {key: draw(st.sampled_from(["old", "old", "young", ""])) for key in staged}
    return RepositoryFacts(
        used={key: AGES[age] for key, age in ages.items() if age},
        own=draw(st.sampled_from([frozenset(), frozenset({"latest"})])),
        kept={tag: "kept" for tag, _ in staged if draw(st.integers(0, 4)) == 0},
        pinned={digest: "pinned" for _, digest in staged if draw(st.integers(0, 4)) == 0},
    )


KINDS = st.sampled_from([kind for kind in Deletes if kind is not Deletes.NOTHING])
MADE = st.dictionaries(st.sampled_from(TAGS), _made(), min_size=1)


@settings(max_examples=150, deadline=None)
@given(
    data=st.data(),
    kind=st.sampled_from([kind for kind in Deletes if kind is not Deletes.NOTHING]),
    page=st.integers(1, 4),
)
def test_cleaning_keeps_what_is_needed_and_is_done_at_once(data: st.DataObject, kind: Deletes, page: int) -> None:
    made = data.draw(MADE)
    known = data.draw(_kept(made))
    fake = FakeRegistry()
    fake.deletes, fake.page = kind, page
    for tag, one in made.items():
        fake.push(NAME, tag, one)
    before = dict(fake.repositories[NAME].tags)
    missed = {tag: _missing(fake.repositories[NAME], digest) for tag, digest in before.items()}

    _clean(fake, known)
    after = fake.repositories[NAME]
    tags, manifests = dict(after.tags), set(after.manifests)

    gone = before.keys() - tags.keys()
    assert {tag: before[tag] for tag in tags} == tags, "no tag was moved or made"
    for tag in gone:
        assert tag.startswith("staged-")
        assert known.used.get((tag, made[tag].digest), BEFORE) < BEFORE
        assert tag not in known.kept
        assert made[tag].digest not in known.pinned
    for tag, digest in tags.items():
        assert _missing(after, digest) == missed[tag], "every tag is as whole as it was"
    assert {str(digest) for digest in known.pinned} <= manifests
    if kind in {Deletes.TAGS, Deletes.UNTAGGED}:
        own = {made[tag].digest for tag in known.own if tag in made}
        own |= {LEAVES[0].digest} if SIGNATURE in made else set()
        may_go = {
            tag
            for (tag, digest), used in known.used.items()
            if used < BEFORE and tag not in known.kept and digest not in known.pinned and digest not in own
        }
        assert gone == may_go

    _clean(fake, known)
    assert (dict(after.tags), set(after.manifests)) == (tags, manifests), "nothing was left to do"


def _clean(fake: FakeRegistry, known: RepositoryFacts) -> None:
    async def work() -> None:
        registry = Registry(fake, retry=FakeClock().retry())
        async for _ in Removal(registry, WEB, known, BEFORE, Probe(registry)).run():
            pass

    asyncio.run(work())


def _missing(repository: Repository, digest: str) -> set[str]:
    """What a manifest needs, at any depth, and is not there."""
    if digest not in repository.manifests:
        return {digest}
    return {each for needed in _needed(repository.manifests[digest][1]) for each in _missing(repository, needed)}


def _needed(content: bytes) -> Iterator[str]:
    document = json.loads(content)
    yield from (entry["digest"] for entry in document.get("manifests", ()))
    if "subject" in document:
        yield document["subject"]["digest"]
