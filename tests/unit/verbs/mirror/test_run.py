"""Images of others, mirrored from their vendors' registries into the project's: both in memory."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from bake_compiler.model import External, Only, Phase, Project, Stack
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.plan import make_plan
from bake_compiler.registry import Registry
from bake_compiler.verbs.mirror.copier import Copier
from bake_compiler.verbs.mirror.result import CopyFate, Mirrored, MirroredImage
from bake_compiler.verbs.mirror.run import Mirror
from bake_compiler.verbs.mirror.show import mirrored_document, render_mirrored
from bake_compiler.verbs.verify.readers import LayerReaders
from tests.fakes.binaries import elf
from tests.fakes.clock import FakeClock
from tests.fakes.guards import Tokens
from tests.fakes.images import Made, image_of, index_of
from tests.fakes.places import Known
from tests.fakes.registry import FakeRegistry, Fault, Hosts
from tests.gallery.layers import layer_of

BOTH = ("linux/amd64", "linux/arm64")
POSTGRES = External(name="postgres", image="hub.test/library/postgres:15-alpine")
APART = External(name="ocean", images={"amd64": "hub.test/o/ocean:4.3", "arm64": "hub.test/o/ocean-arm:4.3"})


@dataclass
class Yard:
    """A vendor's registry and two of the project's."""

    hub: FakeRegistry = field(default_factory=FakeRegistry)
    home: FakeRegistry = field(default_factory=FakeRegistry)
    far: FakeRegistry = field(default_factory=FakeRegistry)
    clock: FakeClock = field(default_factory=FakeClock)

    def run(
        self,
        *externals: External,
        also: Sequence[str] = (),
        protect: Sequence[str] = (),
        dry_run: bool = False,
        deep: Path | None = None,
    ) -> Mirrored:
        """What `bakec mirror` does, and says."""
        project = Project(
            name="acme",
            registry="home.test/team",
            repository="acme-{image}",
            tag="1.0",
            platforms=BOTH,
            phases=[Phase(name="first")],
            external=externals,
            also=also,
        )
        plan = make_plan(Stack(project, {}))
        hosts = Hosts(hub=self.hub, home=self.home, far=self.far)
        registry = Registry(hosts, retry=self.clock.retry(), credentials=Known("me", "secret"))
        layers = LayerReaders(registry, deep) if deep else None
        mirror = Mirror(registry, Copier(registry), plan.defaults, protect, layers, dry_run)
        return asyncio.run(mirror.run(plan.external, plan.platforms))

    def one(self, *externals: External, **options: Any) -> MirroredImage:
        """The only image of such a run."""
        (image,) = self.run(*externals, **options).images
        return image

    def sent(self, name: str = "") -> list[str]:
        """What the project's registries took since it was asked last, blobs and manifests, tags by name."""
        requests = [*self.home.requests, *self.far.requests]
        self.home.requests.clear()
        self.far.requests.clear()
        return [each.path.rpartition("/")[2] for each in requests if each.method == "PUT" and name in each.path]


@pytest.fixture
def yard() -> Yard:
    return Yard()


def fates(image: MirroredImage) -> list[CopyFate]:
    return [cell.fate for cell in image.cells]


def whole(fake: FakeRegistry, name: str, made: Made) -> bool:
    """Whether a repository has this, byte by byte, with all that it needs."""
    repository = fake.repositories[name]
    return (
        repository.manifests.get(str(made.digest)) == (made.media_type, made.content)
        and all(repository.blobs.get(str(Digest.of(blob))) == blob for blob in made.blobs)
        and all(whole(fake, name, child) for child in made.children)
    )


def test_a_whole_index_is_mirrored_with_attestations_and_all_its_platforms(yard: Yard) -> None:
    made = yard.hub.push_image("library/postgres", "15-alpine", (*BOTH, "linux/s390x", "linux/arm/v7"))

    mirrored = yard.run(POSTGRES)

    (image,) = mirrored.images
    assert mirrored.exit_code == 0
    assert fates(image) == [CopyFate.MIRRORED, CopyFate.MIRRORED]
    assert image.others == (Platform.parse("linux/arm/v7"), Platform.parse("linux/s390x"))
    assert image.findings == ()
    assert yard.home.tag("team/acme-postgres", "15-alpine") == str(made.digest)
    assert whole(yard.home, "team/acme-postgres", made)
    assert mirrored.summary == "1 image, 2 cells: 2 mirrored"


def test_what_is_there_is_not_sent_again(yard: Yard) -> None:
    yard.hub.push_image("library/postgres", "15-alpine", BOTH)
    yard.run(POSTGRES)
    yard.sent()
    yard.hub.requests.clear()

    image = yard.one(POSTGRES)

    assert fates(image) == [CopyFate.UNCHANGED, CopyFate.UNCHANGED]
    assert yard.sent() == []
    manifests = [each for each in yard.hub.requests if "/manifests/" in each.path]
    assert len(manifests) == 1, "a vendor counts these, and what the copy has is read there"


@pytest.mark.parametrize("after", range(0, 15, 2))
def test_what_was_interrupted_goes_on_where_it_was(yard: Yard, after: int) -> None:
    """The registry is gone after so many requests that write; then it is back."""
    made = yard.hub.push_image("library/postgres", "15-alpine", BOTH)
    yard.home.faults += [Fault(method="PUT", times=after), Fault(403, method="PUT", times=1000)]

    first = yard.one(POSTGRES)
    before = yard.sent()[:after]
    assert first.exit_code == 5 or after > 14
    assert first.exit_code == 0 or yard.home.tag("team/acme-postgres", "15-alpine") is None
    yard.home.faults.clear()

    second = yard.one(POSTGRES)

    assert second.exit_code == 0
    assert whole(yard.home, "team/acme-postgres", made)
    taken = [
        *yard.home.repositories["team/acme-postgres"].blobs,
        *yard.home.repositories["team/acme-postgres"].manifests,
    ]
    assert len(before) + len(yard.sent()) == len(taken) + 1, "each once, and the tag"


def test_a_source_tag_that_moved_is_told(yard: Yard) -> None:
    old = yard.hub.push_image("library/postgres", "15-alpine", BOTH)
    yard.run(POSTGRES)
    new = yard.hub.push("library/postgres", "15-alpine", index_of(*BOTH, annotations={"is": "new"}))

    mirrored = yard.run(POSTGRES)

    (image,) = mirrored.images
    (place,) = image.moved
    assert (place.before, image.digest) == (old.digest, new.digest)
    said = f"home.test/team/acme-postgres:15-alpine moved: sha256:{old.digest.short} → sha256:{new.digest.short}\n"
    assert said in render_mirrored(mirrored)


def test_a_protected_tag_never_moves(yard: Yard) -> None:
    old = yard.hub.push_image("library/postgres", "15-alpine", BOTH)
    yard.run(POSTGRES, protect=("15-*",))
    yard.hub.push("library/postgres", "15-alpine", index_of(*BOTH, annotations={"is": "new"}))
    yard.sent()

    image = yard.one(POSTGRES, protect=("15-*",))

    assert (image.exit_code, fates(image)) == (6, [CopyFate.FAILED, CopyFate.FAILED])
    assert yard.home.tag("team/acme-postgres", "15-alpine") == str(old.digest)
    assert yard.sent() == []


def test_a_platform_that_the_vendor_has_not_is_an_error_before_anything_is_sent(yard: Yard) -> None:
    yard.hub.push_image("library/postgres", "15-alpine", ("linux/amd64", "linux/s390x"))

    image = yard.one(POSTGRES)

    assert image.exit_code == 6
    assert fates(image) == [CopyFate.BLOCKED, CopyFate.FAILED]
    (finding,) = image.findings
    assert finding.message == "hub.test/library/postgres:15-alpine has no linux/arm64"
    assert finding.hint.startswith("there are linux/amd64, linux/s390x;")
    assert yard.sent() == []


def test_a_platform_that_is_declared_away_is_told_with_its_reason(yard: Yard) -> None:
    yard.hub.push_image("library/postgres", "15-alpine", ("linux/amd64",))
    only = Only(platforms=["amd64"], reason="its vendor has no arm64")

    mirrored = yard.run(External(name="postgres", image="hub.test/library/postgres:15-alpine", platforms=only))

    assert mirrored.exit_code == 0
    assert [(cell.fate, cell.why) for cell in mirrored.cells] == [
        (CopyFate.MIRRORED, ""),
        (CopyFate.EXCLUDED, "its vendor has no arm64"),
    ]
    assert "excluded postgres linux/arm64: its vendor has no arm64\n" in render_mirrored(mirrored)


def test_a_label_that_lies_is_refused_before_anything_is_sent(yard: Yard) -> None:
    yard.hub.push("library/postgres", "15-alpine", index_of("linux/amd64", image_of("linux/arm64", says="linux/amd64")))

    image = yard.one(POSTGRES)

    assert (image.exit_code, [each.code for each in image.findings]) == (6, ["platform-lie"])
    assert fates(image) == [CopyFate.BLOCKED, CopyFate.FAILED]
    assert yard.sent() == []


def test_a_label_that_lies_of_a_platform_that_nobody_wants_is_a_warning(yard: Yard) -> None:
    strange = image_of("linux/s390x", says="linux/386")
    made = yard.hub.push("library/postgres", "15-alpine", index_of(*BOTH, strange))

    image = yard.one(POSTGRES)

    assert (image.exit_code, [str(each.severity) for each in image.findings]) == (0, ["warning"])
    assert whole(yard.home, "team/acme-postgres", made)


def apart(yard: Yard, *, attested: bool = False, says: str = "linux/arm64") -> None:
    """A vendor with a repository for each platform: one an index, the other a plain manifest."""
    yard.hub.push("o/ocean", "4.3", index_of("linux/amd64", attested=attested))
    yard.hub.push("o/ocean-arm", "4.3", image_of("linux/arm64", says=says))


def test_platforms_that_are_kept_apart_are_joined_into_one_index(yard: Yard) -> None:
    apart(yard, attested=True)

    image = yard.one(APART)

    assert (image.exit_code, fates(image)) == (0, [CopyFate.MIRRORED, CopyFate.MIRRORED])
    named = yard.home.tag("team/acme-ocean", "4.3") or ""
    entries = json.loads(yard.home.repositories["team/acme-ocean"].manifests[named][1])["manifests"]
    assert [each["platform"]["architecture"] for each in entries] == ["amd64", "arm64", "unknown"]
    assert entries[2]["annotations"]["vnd.docker.reference.digest"] == entries[0]["digest"]


def test_what_is_joined_again_is_the_same(yard: Yard) -> None:
    apart(yard)
    yard.run(APART)
    yard.sent()

    assert fates(yard.one(APART)) == [CopyFate.UNCHANGED, CopyFate.UNCHANGED]
    assert yard.sent() == []


def test_an_image_of_another_platform_than_declared_is_not_joined(yard: Yard) -> None:
    apart(yard, says="linux/amd64")

    image = yard.one(APART)

    assert image.exit_code == 6
    assert image.findings[0].message == (
        "hub.test/o/ocean-arm:4.3 is said to be for linux/arm64, and says itself that it is for linux/amd64"
    )
    assert yard.sent() == []


def test_a_repository_of_one_platform_that_has_it_not_is_told(yard: Yard) -> None:
    yard.hub.push_image("o/ocean", "4.3", ("linux/amd64",))
    yard.hub.push_image("o/ocean-arm", "4.3", ("linux/amd64",))

    image = yard.one(APART)

    assert [each.message for each in image.findings] == ["hub.test/o/ocean-arm:4.3 has no linux/arm64"]


def test_an_image_goes_to_every_registry_of_the_project_and_is_read_from_its_vendor_once(yard: Yard) -> None:
    made = yard.hub.push_image("library/postgres", "15-alpine", BOTH)

    image = yard.one(POSTGRES, also=["far.test"])

    assert image.exit_code == 0
    assert [str(each.reference) for each in image.places] == [
        "home.test/team/acme-postgres:15-alpine",
        "far.test/acme-postgres:15-alpine",
    ]
    assert whole(yard.home, "team/acme-postgres", made)
    assert whole(yard.far, "acme-postgres", made)
    assert yard.far.tag("acme-postgres", "15-alpine") == str(made.digest)
    blobs = [each.path for each in yard.hub.requests if "/blobs/" in each.path and each.method == "GET"]
    configs = 2  # read once more, to see which platform they are for
    assert len(blobs) == len(set(blobs)) + configs


def test_an_image_that_one_registry_does_not_take_is_tagged_in_none(yard: Yard) -> None:
    yard.hub.push_image("library/postgres", "15-alpine", BOTH)
    yard.far.faults.append(Fault(403, method="POST", times=1000))

    image = yard.one(POSTGRES, also=["far.test"])

    assert (image.exit_code, fates(image)) == (5, [CopyFate.FAILED, CopyFate.FAILED])
    assert yard.home.tag("team/acme-postgres", "15-alpine") is None


def test_within_one_registry_blobs_are_mounted(yard: Yard) -> None:
    made = yard.home.push_image("cache/postgres", "15-alpine", BOTH)

    image = yard.one(External(name="postgres", image="home.test/cache/postgres:15-alpine"))

    assert (image.exit_code, image.tally.sent) == (0, 0)
    assert image.tally.mounted > 0
    assert whole(yard.home, "team/acme-postgres", made)


def test_a_layer_that_two_images_share_is_sent_once(yard: Yard) -> None:
    yard.hub.push("library/a", "1", index_of(*(image_of(each, layers=(b"shared",)) for each in BOTH)))
    yard.hub.push("library/b", "1", index_of(*(image_of(each, layers=(b"shared", b"b")) for each in BOTH)))
    externals = [External(name=name, image=f"hub.test/library/{name}:1") for name in ("a", "b")]

    mirrored = yard.run(*externals)

    assert mirrored.exit_code == 0
    asked = [each for each in yard.hub.requests if each.path.endswith(str(Digest.of(b"shared")))]
    assert len(asked) == 1


def test_one_image_that_fails_stops_no_other(yard: Yard) -> None:
    yard.hub.push_image("library/postgres", "15-alpine", BOTH)

    mirrored = yard.run(POSTGRES, External(name="redis", image="hub.test/library/redis:7"))

    assert mirrored.exit_code == 5
    assert [fates(image)[0] for image in mirrored.images] == [CopyFate.MIRRORED, CopyFate.FAILED]
    assert mirrored.counts == {"mirrored": 2, "failed": 2}
    assert "error: redis: GET https://hub.test/v2/library/redis/manifests/7: 404" in render_mirrored(mirrored)


def test_a_vendor_with_wrong_bytes_is_named_and_nothing_is_tagged(yard: Yard) -> None:
    made = yard.hub.push_image("library/postgres", "15-alpine", BOTH)
    yard.hub.corrupt("library/postgres", Digest.of(made.children[0].blobs[1]), b"other")

    image = yard.one(POSTGRES)

    assert image.exit_code == 5
    assert image.error is not None
    assert image.error.message.startswith("hub.test/library/postgres: wrong bytes: 5 of sha256:")
    assert yard.home.tag("team/acme-postgres", "15-alpine") is None


def test_a_copy_that_lost_a_layer_is_mended(yard: Yard) -> None:
    made = yard.hub.push_image("library/postgres", "15-alpine", BOTH)
    yard.run(POSTGRES)
    yard.home.delete("team/acme-postgres", Digest.of(made.children[0].blobs[1]))

    image = yard.one(POSTGRES)

    assert (image.exit_code, image.tally.sent) == (0, 1)
    assert whole(yard.home, "team/acme-postgres", made)


def test_a_registry_that_keeps_less_than_it_took_is_found_out(yard: Yard) -> None:
    made = yard.hub.push_image("library/postgres", "15-alpine", BOTH)
    layer = f"/blobs/{Digest.of(made.children[0].blobs[1])}"
    yard.home.faults += [Fault(path=layer, method="HEAD"), Fault(404, path=layer, method="HEAD", times=1000)]

    image = yard.one(POSTGRES)

    assert (image.exit_code, [each.code for each in image.findings]) == (6, ["missing"])
    assert yard.home.tag("team/acme-postgres", "15-alpine") is None


def test_a_dry_run_says_what_would_be_sent_and_changes_nothing(yard: Yard) -> None:
    made = yard.hub.push_image("library/postgres", "15-alpine", BOTH)

    mirrored = yard.run(POSTGRES, dry_run=True)

    (image,) = mirrored.images
    blobs = {blob for child in made.children for blob in child.blobs}
    assert (mirrored.exit_code, fates(image)) == (0, [CopyFate.WOULD_BE, CopyFate.WOULD_BE])
    assert (image.tally.sent, image.tally.size) == (len(blobs), sum(map(len, blobs)))
    assert image.tally.manifests == 5
    assert {each.method for each in yard.home.requests} == {"GET", "HEAD"}
    assert "postgres: would be mirrored linux/amd64, linux/arm64 (" in render_mirrored(mirrored)


def test_a_dry_run_finds_what_is_unchanged(yard: Yard) -> None:
    yard.hub.push_image("library/postgres", "15-alpine", BOTH)
    yard.run(POSTGRES)

    assert fates(yard.one(POSTGRES, dry_run=True)) == [CopyFate.UNCHANGED, CopyFate.UNCHANGED]


def test_registries_that_want_tokens_get_them(yard: Yard) -> None:
    made = yard.hub.push_image("library/postgres", "15-alpine", BOTH)
    yard.home.guard = Tokens({"me": "secret"})
    yard.hub.guard = Tokens(public=frozenset({"library/postgres"}), users={"me": "secret"})

    assert yard.one(POSTGRES).exit_code == 0
    assert whole(yard.home, "team/acme-postgres", made)


def test_a_registry_that_is_busy_is_waited_for(yard: Yard) -> None:
    yard.hub.push_image("library/postgres", "15-alpine", BOTH)
    yard.hub.faults.append(Fault(429, method="GET", times=3, headers={"Retry-After": "9"}))
    yard.home.faults += [Fault(503, method="PUT", times=3), Fault(method="POST", reset=True, times=2)]

    assert yard.one(POSTGRES).exit_code == 0
    assert max(yard.clock.slept) >= 9


def with_program(platform: str, machine: str) -> Made:
    """An image for a platform with a program for a machine."""
    return image_of(platform, layers=[layer_of({"bin/run": elf(machine)})], run={"Cmd": ["/bin/run"]})


def test_x86_programs_under_an_arm64_label_are_found_before_a_tag_is_moved(yard: Yard, tmp_path: Path) -> None:
    lying = index_of(with_program("linux/amd64", "amd64"), with_program("linux/arm64", "amd64"))
    yard.hub.push("library/postgres", "15-alpine", lying)

    mirrored = yard.run(POSTGRES, deep=tmp_path)

    (image,) = mirrored.images
    assert (image.exit_code, fates(image)) == (6, [CopyFate.BLOCKED, CopyFate.FAILED])
    assert "error: postgres linux/arm64: it starts /bin/run, which is for x86_64 [entrypoint]" in render_mirrored(
        mirrored
    )
    assert yard.home.tag("team/acme-postgres", "15-alpine") is None


def test_programs_of_platforms_that_nobody_wants_are_not_read(yard: Yard, tmp_path: Path) -> None:
    right = (with_program(each, each.removeprefix("linux/")) for each in BOTH)
    yard.hub.push("library/postgres", "15-alpine", index_of(*right, with_program("linux/s390x", "arm64")))

    image = yard.one(POSTGRES, deep=tmp_path)

    assert (image.exit_code, image.findings) == (0, ())


def test_a_pinned_image_is_mirrored_by_its_digest(yard: Yard) -> None:
    old = yard.hub.push_image("library/postgres", "15-alpine", BOTH)
    yard.hub.push("library/postgres", "15-alpine", index_of(*BOTH, annotations={"is": "new"}))

    image = yard.one(External(name="postgres", image=f"hub.test/library/postgres:15-alpine@{old.digest}"))

    assert image.digest == old.digest
    assert yard.home.tag("team/acme-postgres", "15-alpine") == str(old.digest)


def test_the_document_holds_all_of_it(yard: Yard) -> None:
    made = yard.hub.push_image("library/postgres", "15-alpine", (*BOTH, "linux/s390x"))

    document = mirrored_document(replace(yard.run(POSTGRES), seconds=1.0))

    (image,) = document["images"]
    assert document == {
        "schema": "bakec.mirror/1",
        "exit_code": 0,
        "dry_run": False,
        "summary": "1 image, 2 cells: 2 mirrored",
        "counts": {"mirrored": 2},
        "seconds": 1.0,
        "images": [image],
        "excluded": [],
    }
    assert image["digest"] == str(made.digest)
    assert image["tags"] == [{"tag": "home.test/team/acme-postgres:15-alpine", "before": None}]
    assert image["cells"][0] == {"image": "postgres", "platform": "linux/amd64", "outcome": "mirrored", "why": ""}
    assert image["other_platforms"] == ["linux/s390x"]
    assert image["error"] is None
    json.dumps(document)
