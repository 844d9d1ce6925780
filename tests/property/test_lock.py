"""Names, mirrors and the lock, whatever they are."""

from collections.abc import Mapping, Sequence
from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from bake_compiler.model.lock_file import Locked, parse_lock, render_lock
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.mirrors import check_mirror, mirrored
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference

parts = st.from_regex(r"[a-z0-9]{1,5}([._-][a-z0-9]{1,3}){0,2}", fullmatch=True)
hosts = st.sampled_from(["docker.io", "localhost", "ghcr.io", "h:5000", "[::1]:5000", "127.0.0.1:1"])
digests = st.builds(Digest.of, st.binary(max_size=9))
tags = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True) | st.just("latest")
paths = st.lists(parts, min_size=2, max_size=4) | parts.map(lambda part: ["library", part])
references = st.builds(Reference, hosts, paths.map("/".join), tags, st.none() | digests)
beginnings = st.builds(lambda host, path: "/".join((host, *path)), hosts, st.lists(parts, max_size=2))
mirror_maps = st.dictionaries(beginnings, beginnings, max_size=4)
platforms = st.lists(
    st.sampled_from(["amd64", "arm64", "arm/v7", "386", "riscv64", "windows/amd64"]).map(Platform.parse), unique=True
)
locked = st.builds(
    Locked,
    references.map(lambda reference: reference.familiar),
    digests,
    platforms.map(lambda each: tuple(sorted(each))),
    st.text(alphabet="0123456789-:TZ"),
    st.just("") | references.map(str),
)
locks = st.lists(locked, unique_by=lambda each: each.name)


@given(locks)
def test_a_lock_survives_being_written_and_read(bases: Sequence[Locked]) -> None:
    assert parse_lock(render_lock(bases)) == {base.name: base for base in bases}


@given(locks, st.randoms())
def test_the_order_in_which_bases_are_found_changes_nothing(bases: list[Locked], random: Random) -> None:
    before = render_lock(bases)
    random.shuffle(bases)

    assert render_lock(bases) == before


@given(locks, locked)
def test_another_base_adds_one_block_and_changes_no_line(bases: Sequence[Locked], more: Locked) -> None:
    assume(more.name not in {base.name for base in bases})
    before, after = render_lock(bases).split("\n\n"), render_lock([*bases, more]).split("\n\n")

    assert len(after) == len(before) + 1
    assert {block.strip() for block in before} < {block.strip() for block in after}


@given(references)
def test_the_familiar_name_is_the_same_image(reference: Reference) -> None:
    assume(reference.registry != "docker.io" or "." not in reference.repository.partition("/")[0])  # nobody's on Hub

    again = Reference.parse(reference.familiar)
    again = again if again.tag or again.digest else again.tagged("latest")

    assert again == reference
    assert again.familiar == reference.familiar


@given(references, mirror_maps)
def test_a_mirror_changes_the_place_alone_by_whole_parts_and_by_the_longest_beginning(
    reference: Reference, mirrors: Mapping[str, str]
) -> None:
    place = mirrored(reference, mirrors)

    assert (place.tag, place.digest) == (reference.tag, reference.digest)
    matching = [each for each in mirrors if f"{reference.name}/".startswith(f"{each}/")]
    if not matching:
        assert place == reference
    else:
        longest = max(matching, key=len)
        assert place.name == mirrors[longest] + reference.name.removeprefix(longest)


@given(beginnings)
def test_a_beginning_of_names_is_taken_with_and_without_a_slash_at_its_end(name: str) -> None:
    assert check_mirror(f"{name}/") == check_mirror(name) == name
