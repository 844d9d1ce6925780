"""Images that are kept apart are joined into one index: the same bytes whoever joins them, and nothing is lost."""

import json
from collections.abc import Mapping
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.join import join_indexes
from bake_compiler.oci.manifest import (
    ATTESTATION_SUBJECT,
    ATTESTATION_TYPE,
    DOCKER_MANIFEST,
    OCI_MANIFEST,
    Descriptor,
    Index,
)
from bake_compiler.oci.platform import Platform

platforms = st.sampled_from(
    ["amd64", "amd64/v2", "arm64", "arm/v6", "arm/v7", "s390x", "riscv64", "windows/amd64"]
).map(Platform.parse)
digests = st.builds(Digest.of, st.binary(max_size=8))
notes = st.dictionaries(st.text(max_size=9), st.text(max_size=9), max_size=2)
images = st.builds(
    Descriptor,
    media_type=st.sampled_from([OCI_MANIFEST, DOCKER_MANIFEST]),
    digest=digests,
    size=st.integers(0, 2**40),
    annotations=notes,
)


def attestation(of: Descriptor, content: bytes) -> Descriptor:
    return Descriptor(
        media_type=OCI_MANIFEST,
        digest=Digest.of(content),
        size=len(content),
        platform=Platform("unknown", "unknown"),
        annotations={ATTESTATION_TYPE: "attestation-manifest", ATTESTATION_SUBJECT: str(of.digest)},
    )


def as_listed(image: Descriptor, platform: Platform) -> Descriptor:
    return image.model_copy(update={"platform": platform})


@given(
    st.dictionaries(platforms, images, min_size=1),
    st.lists(st.binary(max_size=8), max_size=4, unique=True),
    st.randoms(),
)
def test_a_joined_index_holds_what_was_joined_in_whatever_order(
    joined: Mapping[Platform, Descriptor], statements: list[bytes], random: Random
) -> None:
    of = list(joined.values())
    attestations = [attestation(of[number % len(of)], each) for number, each in enumerate(statements)]
    shuffled, others = list(joined.items()), list(attestations)
    random.shuffle(shuffled)
    random.shuffle(others)

    raw = join_indexes(joined, attestations)

    assert join_indexes(dict(shuffled), others) == raw
    assert raw.digest == Digest.of(raw.content)
    index = raw.parse()
    assert isinstance(index, Index)
    assert list(index.images) == [as_listed(image, platform) for platform, image in sorted(joined.items())]
    assert {each.digest: each for each in index.attestations} == {each.digest: each for each in attestations}
    assert len(index.attestations) == len(attestations)


@given(st.dictionaries(platforms, images, min_size=1))
def test_a_joined_index_is_json_in_its_one_form(joined: Mapping[Platform, Descriptor]) -> None:
    content = join_indexes(joined).content

    again = json.dumps(json.loads(content), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert content == again
