"""Whatever is wrong with an image, the checks end, in order, and prove no platform that is damaged."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.verify import Annotation, Level, Severity, check_image, verified_platforms
from tests.fakes.images import Made, artifact_of, attestation_of, encoded, image_of, index_of
from tests.fakes.registry import FakeRegistry, Fault
from tests.fakes.snapshots import REFERENCE, snapshot_of
from tests.unit.verify.promises import BOTH, NAME, Damage, corrupt, lose, promise

AMD = image_of("linux/amd64", run={"Labels": {"version": "1.0"}}, annotations={"title": "web"})
ARM = image_of("linux/arm64", run={"Labels": {"version": "1.0"}}, annotations={"title": "web"})
SOUND = index_of(AMD, ARM, artifact_of(AMD), attestation_of(ARM), index_of("linux/riscv64", attested=True))
WANTED = promise(
    "linux/amd64",
    "linux/arm64",
    "linux/riscv64",
    digest=SOUND.digest,
    labels={"version": "1.0"},
    annotations=tuple(Annotation(level, None, "title", "web") for level in Level),
    provenance=True,
)


def contents(made: Made) -> list[Digest]:
    blobs = [Digest.of(blob) for blob in made.blobs]
    return [made.digest, *blobs, *(digest for child in made.children for digest in contents(child))]


def json_values() -> st.SearchStrategy[Any]:
    leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(allow_nan=False)
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    )


def hide(digest: Digest, fault: Fault) -> Damage:
    return lambda fake: fake.faults.append(replace(fault, path=str(digest), times=9))


def rewrite(path: tuple[str | int, ...], value: object) -> Callable[[FakeRegistry], object]:
    """Another index under the tag, with one place in it changed."""

    def damage(fake: FakeRegistry) -> None:
        document = json.loads(SOUND.content)
        place = document
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        fake.push(NAME, REFERENCE.tag, replace(SOUND, content=encoded(document)))

    return damage


MEMBERS = ("mediaType", "digest", "size", "platform", "annotations", "artifactType")
PLACES = [
    ("manifests",),
    ("annotations",),
    *(("manifests", number, member) for number in range(len(SOUND.children)) for member in MEMBERS),
]
DIGESTS = st.sampled_from(contents(SOUND))
FAULTS = st.sampled_from([Fault(401), Fault(404), Fault(500), Fault(reset=True), Fault(200, body=b"{}")])
DAMAGES = st.one_of(
    st.builds(lose, DIGESTS),
    st.builds(corrupt, DIGESTS, st.binary(max_size=40) | json_values().map(encoded)),
    st.builds(hide, DIGESTS, FAULTS),
    st.builds(rewrite, st.sampled_from(PLACES), json_values()),
    st.just(lambda fake: fake.repositories.clear()),
)


def test_before_any_damage_nothing_but_the_unpromised_is_wrong() -> None:
    quiet = replace(WANTED, provenance=False, labels={}, annotations=())

    assert check_image(quiet, snapshot_of(SOUND)) == ()


@given(st.lists(DAMAGES, max_size=4), st.booleans())
def test_findings_of_any_damage_are_sorted_and_fit_to_be_read(damages: list[Damage], provenance: bool) -> None:
    latest = REFERENCE.tagged("latest")

    findings = check_image(WANTED, snapshot_of(SOUND, *damages, tags=(latest,), provenance=provenance))

    assert list(findings) == sorted(findings)
    assert all(finding.image == "web" and finding.message and finding.code for finding in findings)
    assert set(verified_platforms(WANTED, findings)) <= set(WANTED.platforms)


@pytest.mark.parametrize("image", [AMD, ARM], ids=lambda image: image.platform)
@given(data=st.data())
def test_a_platform_of_which_anything_is_damaged_is_not_verified(image: Made, data: st.DataObject) -> None:
    made = index_of(AMD, ARM, attested=True)
    part = data.draw(st.sampled_from([image.digest, Digest.of(image.blobs[0]), Digest.of(image.blobs[1])]))
    damage = data.draw(
        st.one_of(
            st.just(lose(part)),
            st.just(corrupt(part, b"other")),
            st.builds(hide, st.just(part), st.sampled_from([Fault(401), Fault(500), Fault(reset=True)])),
        )
    )

    findings = check_image(BOTH, snapshot_of(made, damage))

    assert Platform.parse(image.platform) not in verified_platforms(BOTH, findings)
    assert {finding.severity for finding in findings} == {Severity.ERROR}
