from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import ImageConfig, Index, Manifest
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference

PARSERS = (Digest.parse, Platform.parse, Reference.parse)

texts = st.one_of(st.text(), st.text(alphabet="aZ09.:/@_-[]v \n"))
digests = st.builds(Digest.of, st.binary(), st.sampled_from(["sha256", "sha512"]))
fields = st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789", max_size=9)
platforms = st.builds(Platform.of, fields, fields, fields)
known_platforms = st.sampled_from(
    [
        "amd64",
        "amd64/v2",
        "arm64",
        "arm64/v9",
        "arm/v5",
        "arm/v6",
        "arm/v7",
        "386",
        "riscv64",
        "s390x",
        "windows/amd64",
    ]
).map(Platform.parse)
components = st.from_regex(r"[a-z0-9]{1,5}((\.|_|__|-{1,3})[a-z0-9]{1,3}){0,2}", fullmatch=True)
registries = st.sampled_from(["docker.io", "localhost", "ghcr.io", "h:5000", "[::1]:5000", "127.0.0.1:1"])
tags = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", fullmatch=True)
references = st.builds(
    Reference,
    registries,
    st.lists(components, min_size=2, max_size=4).map("/".join),
    st.just("") | tags,
    st.none() | digests,
)


@given(digests)
def test_a_digest_survives_being_written_and_read(digest: Digest) -> None:
    assert Digest.parse(str(digest)) == digest


@given(known_platforms)
def test_a_platform_survives_being_written_and_read(platform: Platform) -> None:
    assert Platform.parse(str(platform)) == platform


@given(platforms)
def test_the_normal_form_of_a_platform_is_final(platform: Platform) -> None:
    assert Platform.of(platform.os, platform.architecture, platform.variant) == platform


@given(references)
def test_a_reference_survives_being_written_and_read(reference: Reference) -> None:
    assert Reference.parse(str(reference)) == reference


@given(st.sampled_from(PARSERS), texts)
@example(Reference.parse, "a" * 100_000)
@example(Reference.parse, "a-" * 50_000 + "!")
@example(Platform.parse, "/")
def test_parsing_any_text_ends_in_a_value_or_a_value_error(parse: Callable[[str], object], text: str) -> None:
    try:
        parsed = parse(text)
    except ValueError:
        return
    assert parse(str(parsed)) == parsed


@pytest.mark.parametrize("model", [Index, Manifest, ImageConfig])
@given(content=st.binary() | st.text().map(str.encode))
def test_reading_any_bytes_ends_in_a_value_or_a_value_error(
    model: type[Index] | type[Manifest] | type[ImageConfig], content: bytes
) -> None:
    with suppress(ValueError):
        model.read(content)
