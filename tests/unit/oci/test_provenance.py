import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.provenance import PREDICATE, Provenance, ProvenanceBase, is_provenance
from tests.fakes.images import SLSA_02, SLSA_1, encoded, statement_of

IMAGE, DEBIAN = Digest.of(b"image"), Digest.of(b"debian")

BY_BUILDKIT = {
    "_type": "https://in-toto.io/Statement/v0.1",
    "predicateType": SLSA_02,
    "subject": [
        {
            "name": "pkg:docker/127.0.0.1:5000/web@1.0?platform=linux%2Farm64",
            "digest": {"sha256": IMAGE.encoded},
        },
        {
            "name": "pkg:docker/127.0.0.1:5000/web@latest?platform=linux%2Farm64",
            "digest": {"sha256": IMAGE.encoded},
        },
    ],
    "predicate": {
        "builder": {"id": ""},
        "buildType": "https://mobyproject.org/buildkit@v1",
        "materials": [
            {
                "uri": "pkg:docker/debian@trixie-slim?platform=linux%2Farm64",
                "digest": {"sha256": DEBIAN.encoded},
            },
            {"uri": "https://example.test/file.tar.gz", "digest": {"sha256": "0" * 64}},
        ],
        "invocation": {"environment": {"platform": "linux/amd64"}},
    },
}


def test_reads_what_buildkit_writes() -> None:
    assert Provenance.read(encoded(BY_BUILDKIT)) == Provenance(
        subjects=(IMAGE, IMAGE),
        platforms=(Platform.parse("arm64"),),
        bases=(ProvenanceBase("debian:trixie-slim", DEBIAN),),
    )


@pytest.mark.parametrize("predicate", [SLSA_02, SLSA_1])
def test_reads_either_version_of_slsa(predicate: str) -> None:
    content = statement_of(IMAGE, platform="linux/arm/v6", predicate=predicate, bases={"debian:trixie-slim": DEBIAN})

    statement = Provenance.read(content)

    assert statement.subjects == (IMAGE,)
    assert statement.platforms == (Platform.parse("linux/arm/v6"),)
    assert statement.bases == (ProvenanceBase("debian:trixie-slim", DEBIAN),)


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("pkg:docker/debian@trixie-slim", "debian:trixie-slim"),
        ("pkg:docker/ghcr.io/acme/web@1.0?platform=linux%2Famd64", "ghcr.io/acme/web:1.0"),
        ("pkg:docker/127.0.0.1%3A5000/web@1.0", "127.0.0.1:5000/web:1.0"),
        ("pkg:docker/debian?digest=sha256:00", "debian"),
        ("pkg:docker/debian@1.0%2Bbuild", "debian:1.0+build"),
    ],
)
def test_names_a_base_image_as_people_write_it(uri: str, name: str) -> None:
    predicate = {"materials": [{"uri": uri, "digest": {"sha256": DEBIAN.encoded}}]}

    statement = Provenance.read(encoded({"predicateType": SLSA_02, "predicate": predicate}))

    assert statement.bases == (ProvenanceBase(name, DEBIAN),)


def test_a_base_without_a_digest_that_we_know_has_none() -> None:
    predicate = {"materials": [{"uri": "pkg:docker/debian@1", "digest": {"gitCommit": "00"}}, {"uri": "pkg:docker/a"}]}

    statement = Provenance.read(encoded({"predicateType": SLSA_02, "predicate": predicate}))

    assert statement.bases == (ProvenanceBase("debian:1", None), ProvenanceBase("a", None))


def test_a_base_that_is_read_twice_is_named_once() -> None:
    material = {"uri": "pkg:docker/debian@1", "digest": {"sha256": DEBIAN.encoded}}

    statement = Provenance.read(encoded({"predicateType": SLSA_02, "predicate": {"materials": [material] * 2}}))

    assert statement.bases == (ProvenanceBase("debian:1", DEBIAN),)


@pytest.mark.parametrize("name", ["pkg:docker/web@1.0", "pkg:docker/web@1.0?platform=linux%2Fz80", "_", ""])
def test_a_subject_need_not_name_a_platform_that_we_know(name: str) -> None:
    subject = [{"name": name, "digest": {"sha256": IMAGE.encoded}}]

    statement = Provenance.read(encoded({"predicateType": SLSA_02, "subject": subject}))

    assert (statement.subjects, statement.platforms) == ((IMAGE,), ())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not one of provenance"),
        (b"{}", "not one of provenance"),
        (encoded({"predicateType": "https://spdx.dev/Document"}), "not one of provenance"),
    ],
)
def test_what_is_no_provenance_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Provenance.read(content)


@pytest.mark.parametrize(("predicate", "expected"), [(SLSA_02, True), (SLSA_1, True), ("https://spdx.dev/X", False)])
def test_knows_the_layer_of_an_attestation_that_is_provenance(predicate: str, expected: bool) -> None:
    assert is_provenance({PREDICATE: predicate}) is expected
    assert not is_provenance({})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from(["sha256", "pkg:docker/a@b?c"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=12,
)
NAMES = st.from_regex(r"[a-z]{1,9}(/[a-z0-9]{1,9}){0,2}:[a-zA-Z0-9_.-]{1,9}", fullmatch=True)
SUBJECTS = st.lists(st.fixed_dictionaries({}, optional={"name": VALUES, "digest": VALUES}) | VALUES, max_size=3)
MATERIALS = st.lists(st.fixed_dictionaries({}, optional={"uri": VALUES, "digest": VALUES}) | VALUES, max_size=3)


@given(
    st.fixed_dictionaries(
        {"predicateType": st.sampled_from([SLSA_02, SLSA_1]) | VALUES},
        optional={
            "subject": SUBJECTS | VALUES,
            "predicate": st.fixed_dictionaries(
                {},
                optional={
                    "materials": MATERIALS | VALUES,
                    "buildDefinition": st.fixed_dictionaries({"resolvedDependencies": MATERIALS | VALUES}) | VALUES,
                },
            )
            | VALUES,
        },
    )
    | VALUES
)
def test_any_json_is_read_or_refused(document: Any) -> None:
    try:
        statement = Provenance.read(json.dumps(document).encode())
    except ValueError:
        return
    assert all(isinstance(digest, Digest) for digest in statement.subjects)
    assert all(isinstance(platform, Platform) for platform in statement.platforms)
    assert all(isinstance(base.name, str) for base in statement.bases)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        Provenance.read(content)
    except ValueError:
        return


@given(
    st.lists(st.binary(max_size=4).map(Digest.of), max_size=3),
    st.sampled_from(["linux/amd64", "linux/arm64", "linux/arm/v6", "windows/amd64", ""]),
    st.sampled_from([SLSA_02, SLSA_1]),
    st.dictionaries(NAMES, st.just(DEBIAN), max_size=3),
)
def test_what_was_written_is_what_is_read(
    subjects: list[Digest], platform: str, predicate: str, bases: dict[str, Digest]
) -> None:
    statement = Provenance.read(statement_of(*subjects, platform=platform, predicate=predicate, bases=bases))

    assert statement.subjects == tuple(subjects)
    assert statement.platforms == ((Platform.parse(platform),) if platform and subjects else ())
    assert statement.bases == tuple(ProvenanceBase(name, digest) for name, digest in bases.items())
