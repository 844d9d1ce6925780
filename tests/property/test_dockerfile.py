"""Whatever an author writes is read or refused, and what is said of it holds against the library it is read with."""

from contextlib import suppress
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import product

from e2b_dockerfile_utils import PatternMatcher
from hypothesis import given
from hypothesis import strategies as st

from bake_compiler.dockerfile import (
    DockerfileError,
    declared_args,
    parse_dockerfile,
    parse_ignore,
    unset_args,
)

PIECES = st.sampled_from(
    [
        "FROM ", "from a", " AS b", "ARG A", "ENV A=", "COPY --from=", "RUN --mount=from=b ", "ADD ", "ONBUILD ",
        "# escape=`", "# syntax=x", "<<EOF", "\nEOF\n", "\\\n", "`\r\n", "\n", "# c\n", "[", '"', "'", "$", "${A",
        "${A:-b}", "=", "]", " ", "\t", "\0", "\ufeff", "\u2028", "🐳",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=4), max_size=24).map("".join)

NAMES = st.sampled_from(["build", "Test", "base-1", "x", "y.z", ""])
BASES = NAMES.filter(bool) | st.sampled_from(["alpine", "$BASE", "base-$N", "${BASE:-x}", "scratch"])
ORIGINS = NAMES.filter(bool) | st.sampled_from(["0", "1", "nginx"])


@dataclass(frozen=True)
class Written:
    name: str
    base: str
    args: tuple[str, ...]
    sources: tuple[tuple[str, ...], ...]
    copied: tuple[str, ...]
    mounted: tuple[str, ...]


def with_real_indices(stages: list[Written]) -> list[Written]:
    """Without the numbers that are no stage's, or the stage's own."""
    indices = [str(index) for index in range(len(stages))]

    def is_real(origin: str, own: str) -> bool:
        return not origin.isdecimal() or (origin in indices and origin != own)

    return [
        replace(stage, copied=tuple(origin for origin in stage.copied if is_real(origin, own)))
        for stage, own in zip(stages, indices, strict=True)
    ]


STAGES = st.builds(
    Written,
    NAMES,
    BASES,
    st.lists(st.sampled_from(["A", "B", "TARGETARCH"]), max_size=2).map(tuple),
    st.lists(st.lists(st.sampled_from(["a", "b/c", "*.d"]), min_size=1, max_size=3).map(tuple), max_size=3).map(tuple),
    st.lists(ORIGINS, max_size=3, unique=True).map(tuple),
    st.lists(ORIGINS, max_size=3, unique=True).map(tuple),
)
FILES = st.lists(STAGES, min_size=1, max_size=4).map(with_real_indices)
BETWEEN = st.sampled_from([" ", "  ", "\t", " @\n", " @ \n  ", " @\n# a comment\n", " @\n\n  # another\n"])

PARTS = ("a", "b", "ab")
TREE = ["/".join(parts) for depth in (1, 2, 3) for parts in product(PARTS, repeat=depth)]
GLOBS = st.sampled_from([*PARTS, "*", "?", "a*", "*b", "[ab]", "a?"])
SOURCES = st.lists(GLOBS, max_size=3).map("/".join)
PATTERNS = st.lists(GLOBS | st.just("**"), min_size=1, max_size=3).map("/".join)
IGNORES = st.lists(st.builds("{}{}".format, st.sampled_from(["", "", "!"]), PATTERNS), max_size=5).map("\n".join)


@given(TEXTS)
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(DockerfileError):
        dockerfile = parse_dockerfile(text)
        for stage in dockerfile.stages:
            unset = {arg.name for arg in unset_args(dockerfile, stage)}

            assert stage in dockerfile.used_by(stage)
            assert unset <= declared_args(dockerfile, stage)
        assert dockerfile.stages[-1] in dockerfile.finals


@given(FILES, st.data(), st.sampled_from(["\n", "\r\n"]), st.sampled_from(["\\", "`"]), st.booleans())
def test_what_is_written_is_read_however_it_is_laid_out(
    stages: list[Written], data: st.DataObject, newline: str, escape: str, lower: bool
) -> None:
    def line(*words: str) -> str:
        keyword = words[0].lower() if lower else words[0]
        joined = keyword + "".join(data.draw(BETWEEN) + word for word in words[1:])
        return joined.replace("@", escape)

    lines = [f"# escape={escape}"]
    for stage in stages:
        lines.append(line("FROM", stage.base, *(["AS", stage.name] if stage.name else [])))
        lines += [line("ARG", name) for name in stage.args]
        lines.append(line("RUN", "<<EOF") + "\nFROM nothing\nCOPY this /that\nEOF")
        lines += [line("COPY", *sources, "/d/") for sources in stage.sources]
        lines += [line("COPY", f"--from={origin}", "/e", "/f") for origin in stage.copied]
        lines += [line("RUN", f"--mount=from={origin},target=/m", "true") for origin in stage.mounted]

    read = parse_dockerfile("\n".join(lines).replace("\n", newline))

    assert stages == [
        Written(
            stage.name,
            stage.base,
            tuple(arg.name for arg in stage.args),
            tuple(copy.sources for copy in stage.copies),
            stage.copied,
            stage.mounted,
        )
        for stage in read.stages
    ]


@given(FILES)
def test_what_a_stage_uses_comes_before_it_and_uses_no_more_than_it(written: list[Written]) -> None:
    lines = ["ARG N=1"]
    for each in written:
        lines.append(f"FROM {each.base}{' AS ' if each.name else ''}{each.name}")
        lines += [f"COPY --from={origin} /a /" for origin in each.copied]
        lines += [f"RUN --mount=from={origin},target=/m true" for origin in each.mounted]
    dockerfile = parse_dockerfile("\n".join(lines))

    for stage in dockerfile.stages:
        used = dockerfile.used_by(stage)
        assert used[-1] == stage
        assert all(set(dockerfile.used_by(each)) <= set(used) for each in used)
        assert set(dockerfile.lineage(stage)) <= set(used)


@given(st.text() | IGNORES, st.text())
def test_any_dockerignore_and_source_are_read(text: str, path: str) -> None:
    parse_ignore(text).excludes(path)


@given(IGNORES, SOURCES)
def test_an_excluded_source_has_nothing_left_in_any_tree(text: str, source: str) -> None:
    parts = source.split("/") if source else []
    reference = PatternMatcher(text.split("\n"))

    if parse_ignore(text).excludes(source):
        for path in TREE:
            names = path.split("/")
            found = len(names) >= len(parts) and all(map(fnmatchcase, names, parts))
            assert not found or reference.matches(path)
