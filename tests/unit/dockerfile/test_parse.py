from collections.abc import Mapping
from pathlib import Path

import pytest

from bake_compiler.dockerfile import (
    Arg,
    Copy,
    DockerfileError,
    Env,
    declared_args,
    is_predefined,
    parse_dockerfile,
    parse_ignore,
    unset_args,
)

ROOT = Path(__file__).parents[3]
MATRIX = """\
FROM alpine AS base-amd64
ARG FAST
FROM alpine AS base-arm64
ARG SMALL
FROM base-${TARGETARCH} AS final
"""
SWITCH = """\
ARG MODE=release
FROM alpine AS debug
ARG SYMBOLS
FROM alpine AS release
FROM ${MODE} AS final
"""


@pytest.mark.parametrize("path", sorted(ROOT.glob("components/*/Dockerfile")), ids=lambda path: path.parent.name)
def test_the_repositorys_own_dockerfiles_are_read(path: Path) -> None:
    assert parse_dockerfile(path.read_text()).stages


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("", 1, "no FROM"),
        ("# a comment\n", 1, "no FROM"),
        ("ARG A\n", 1, "no FROM"),
        ("FROM a\nCOPPY a b\n", 2, "unknown instruction: COPPY"),
        ("\nRUN ls\nFROM a\n", 2, "RUN before the first FROM"),
        ("FROM\n", 1, "FROM requires either one or three arguments"),
        ("FROM a b\n", 1, "FROM requires either one or three arguments"),
        ("FROM a IS b\n", 1, "FROM requires either one or three arguments"),
        ("FROM a AS 1b\n", 1, "invalid name for build stage: '1b'"),
        ("FROM a\nRUN <<EOF\nls\n", 2, "unterminated heredoc"),
        ("FROM a\nCOPY a\n", 2, "COPY requires at least two arguments"),
        ("FROM a\nFROM b\nCOPY --from=9 a b\n", 3, "COPY --from=9: no such stage: there are 2, from 0"),
        ("FROM a\nCOPY --from=-1 a b\nFROM b\n", 2, "COPY --from=-1: no such stage: there are 2, from 0"),
        ("FROM a\nCOPY --from=+0 a b\n", 2, "COPY --from=+0: no such stage: it is this stage"),
        ("FROM a\nADD\n", 2, "ADD requires at least two arguments"),
        ("FROM a\nENV\n", 2, "ENV requires at least one argument"),
        ("FROM a\nENV A=1 B\n", 2, "can't find = in"),
        ("FROM a\nENV =1\n", 2, "ENV names can not be blank"),
        ("FROM a\nARG\n", 2, "ARG requires at least one argument"),
        ("FROM a\nARG =1\n", 2, "ARG names can not be blank"),
        ("FROM a\nCMD [1]\n", 2, "Only strings are supported"),
        ("# escape=x\nFROM a\n", 1, "invalid escape token"),
        ("FROM a\nCMD " + "[" * 100_000, 1, "nested too deep"),
    ],
)
def test_a_text_that_is_no_dockerfile_is_refused_with_the_line_and_the_reason(text: str, line: int, why: str) -> None:
    with pytest.raises(DockerfileError) as caught:
        parse_dockerfile(text)

    assert caught.value.line == line
    assert why in caught.value.message
    assert str(caught.value) == f"line {line}: {caught.value.message}"


@pytest.mark.parametrize(
    ("text", "syntax"),
    [
        ("FROM a\n", ""),
        ("# syntax=docker/dockerfile:1\nFROM a\n", "docker/dockerfile:1"),
        ("#SYNTAX = docker/dockerfile:1 and more\r\nFROM a\r\n", "docker/dockerfile:1"),
        ("# escape=`\n# syntax=x\nFROM a\n", "x"),
        ("\ufeff#!/usr/bin/env buildx\n# syntax=x\nFROM a\n", "x"),
        ("# a comment ends the directives\n# syntax=x\nFROM a\n", ""),
        ("# other=y\n# syntax=x\nFROM a\n", ""),
        ("FROM a\n# syntax=x\n", ""),
    ],
)
def test_the_frontend_is_the_one_that_the_first_lines_name(text: str, syntax: str) -> None:
    assert parse_dockerfile(text).syntax == syntax


def test_a_stage_knows_where_it_begins_and_what_it_is_from() -> None:
    build, final = parse_dockerfile(
        "\nfrom --platform=$BUILDPLATFORM golang:1.24 as Build\nRUN make\nFROM scratch\nCOPY --from=build /a /\n"
    ).stages

    assert (build.index, build.name, build.base, build.platform, build.line, len(build.runs)) == (
        (0, "Build", "golang:1.24", "$BUILDPLATFORM", 2, 1)
    )
    assert (final.index, final.name, final.base, final.platform, final.line, len(final.runs)) == (
        (1, "", "scratch", "", 4, 0)
    )


@pytest.mark.parametrize(
    "text",
    [
        "FROM a\nCOPY x \\\n  y /d/\n",
        "FROM a\nCOPY x \\\n# a comment\n  y /d/\n",
        "FROM a\nCOPY x \\\n\n  y /d/\n",
        "# escape=`\nFROM a\nCOPY x `\n  y /d/\n",
        "FROM a\r\nCOPY x \\\r\n  y /d/\r\n",
        "\ufeffFROM a\nCOPY x y /d/ \\",
        "from a\n  copy x y /d/",
        'FROM a\nCOPY ["x", "y", "/d/"]\n',
        "FROM a\nCOPY --chown=1:2 --link x y /d/\n",
        "FROM a\nRUN <<EOF\nFROM b\nCOPY no /d/\nEOF\nCOPY x y /d/\n",
        "FROM a\nRUN <<-'A' <<B cat\n\tno\n\tA\nCOPY no /d/\nB\nCOPY x y /d/\n",
    ],
)
def test_a_copy_is_read_however_it_is_written(text: str) -> None:
    (stage,) = parse_dockerfile(text).stages

    assert [copy.sources for copy in stage.copies] == [("x", "y")]


def test_a_copys_line_is_its_first() -> None:
    (stage,) = parse_dockerfile("FROM a\nRUN <<EOF\n\nEOF\nCOPY x \\\n  y /d/\nADD z /d/\n").stages

    assert stage.copies == (Copy(("x", "y"), 5, "COPY", True), Copy(("z",), 7, "ADD", True))


@pytest.mark.parametrize(
    "line",
    [
        "COPY --from=b x /d/",
        "COPY <<EOF /d/\nx\nEOF",
        "ADD https://example.org/x /d/",
        "ADD git@github.com:moby/buildkit.git#v1 /d/",
        "ADD git://example.org/x.git /d/",
        'ADD ["https://example.org/x", "/d/"]',
        "ONBUILD COPY x /d/",
    ],
)
def test_what_does_not_come_from_the_build_context_is_no_copy(line: str) -> None:
    assert parse_dockerfile(f"FROM a\n{line}\n").stages[0].copies == ()


def test_a_copy_of_a_heredoc_and_a_file_is_one_of_the_file() -> None:
    assert parse_dockerfile("FROM a\nCOPY <<EOF x /d/\nEOF\n").stages[0].copies == (Copy(("x",), 2, "COPY", True),)


def test_a_source_with_a_variable_is_kept_and_told() -> None:
    assert parse_dockerfile("FROM a\nCOPY app-$V x /d/\n").stages[0].copies == (
        Copy(("app-$V", "x"), 2, "COPY", False),
    )


@pytest.mark.parametrize(
    ("line", "args"),
    [
        ("ARG A", [Arg("A", None, 2)]),
        ("ARG A=", [Arg("A", "", 2)]),
        ("ARG A=1 B", [Arg("A", "1", 2), Arg("B", None, 2)]),
        ("ARG A='x y' B=\"z\"", [Arg("A", "x y", 2), Arg("B", "z", 2)]),
        ("ARG A=x\\ y=z", [Arg("A", "x y=z", 2)]),
        ("ARG A=${B:-c}$D", [Arg("A", "${B:-c}$D", 2)]),
        ("ARG A='never ended", [Arg("A", "'never ended", 2)]),
    ],
)
def test_an_args_default_is_its_text_without_quotes(line: str, args: list[Arg]) -> None:
    assert list(parse_dockerfile(f"FROM a\n{line}\n").stages[0].args) == args


@pytest.mark.parametrize(
    ("line", "envs"),
    [
        ("ENV A=1", [Env("A", "1", 2)]),
        ('ENV A="x y" B=z', [Env("A", "x y", 2), Env("B", "z", 2)]),
        ("ENV A x  y", [Env("A", "x  y", 2)]),
        ("ENV A=1 \\\n  B=$A", [Env("A", "1", 2), Env("B", "$A", 2)]),
    ],
)
def test_an_envs_value_is_its_text_without_quotes(line: str, envs: list[Env]) -> None:
    assert list(parse_dockerfile(f"FROM a\n{line}\n").stages[0].envs) == envs


def test_global_args_are_those_before_the_first_stage() -> None:
    dockerfile = parse_dockerfile("ARG A=1\nFROM a\nARG B\n")

    assert dockerfile.args == (Arg("A", "1", 1),)
    assert dockerfile.stages[0].args == (Arg("B", None, 3),)


@pytest.mark.parametrize(("name", "index"), [("build", 0), ("BUILD", 0), ("final", 1), ("1", 1)])
def test_a_stage_is_found_by_its_name_in_any_case_and_by_its_index(name: str, index: int) -> None:
    dockerfile = parse_dockerfile("FROM a AS Build\nFROM b AS final\n")

    assert dockerfile.stage(name) == dockerfile.stages[index]


@pytest.mark.parametrize("name", ["", "a", "2", "-1"])
def test_there_is_no_stage_of_another_name(name: str) -> None:
    assert parse_dockerfile("FROM a\nFROM b AS final\n").stage(name) is None


def test_a_name_given_twice_means_the_last_stage() -> None:
    dockerfile = parse_dockerfile("FROM a AS x\nFROM b AS x\nFROM x AS y\n")

    assert [each.index for each in dockerfile.used_by(dockerfile.stages[2])] == [1, 2]


@pytest.mark.parametrize(
    ("line", "copied", "mounted"),
    [
        ("COPY --from=b /x /", ("b",), ()),
        ("COPY --chown=1 --from=nginx:1.29 /x /\nCOPY --from=b /y /", ("nginx:1.29", "b"), ()),
        ("COPY --from=b /x /\nCOPY --from=b /y /", ("b",), ()),
        ("RUN --mount=type=bind,from=b,target=/b ls", (), ("b",)),
        ("RUN --mount=type=cache,target=/c --mount=FROM=b,target=/b ls", (), ("b",)),
        ("COPY --from=b /x /\nRUN --mount=from=b,target=/b ls", ("b",), ("b",)),
        ("RUN echo --mount=from=b", (), ()),
        ("COPY --from= x /", (), ()),
    ],
)
def test_what_a_stage_copies_and_mounts_from(line: str, copied: tuple[str, ...], mounted: tuple[str, ...]) -> None:
    (stage,) = parse_dockerfile(f"FROM a\n{line}\n").stages

    assert (stage.copied, stage.mounted) == (copied, mounted)


@pytest.mark.parametrize(
    ("line", "images"),
    [
        ("COPY --from=0 /x /", ()),
        ("COPY --from=X /x /", ()),
        ("COPY --from=b /x /", ("b",)),
        ("RUN --mount=from=X,target=/x ls", ()),
        ("RUN --mount=from=0,target=/x ls", ("0",)),
        ("RUN --mount=from=b,target=/b ls\nCOPY --from=b /x /", ("b",)),
    ],
)
def test_the_images_that_a_stage_takes_from_are_not_stages(line: str, images: tuple[str, ...]) -> None:
    dockerfile = parse_dockerfile(f"FROM a AS x\nFROM a\n{line}\n")

    assert dockerfile.images(dockerfile.stages[1]) == images


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("FROM a\nFROM b\n", [1]),
        ("FROM a AS x\nFROM X\n", [0, 1]),
        ("FROM a AS x\nFROM b\nCOPY --from=X /a /\n", [0, 1]),
        ("FROM a\nFROM b\nCOPY --from=0 /a /\n", [0, 1]),
        ("FROM a AS x\nFROM b\nRUN --mount=from=x,target=/x ls\n", [0, 1]),
        ("FROM a\nFROM b\nRUN --mount=from=0,target=/x ls\n", [1]),
        ("FROM a AS x\nONBUILD RUN --mount=from=0,target=/x ls\nFROM b\nFROM x\n", [0, 2]),
        ("FROM a\nFROM b AS x\nONBUILD COPY --from=0 /a /\nFROM x\n", [0, 1, 2]),
        ("FROM a AS x\nFROM x AS y\nFROM b\nFROM c\nCOPY --from=y /a /\n", [0, 1, 3]),
        ("FROM a\nFROM 0\n", [1]),
        ("FROM a AS x\nFROM scratch\nCOPY --from=z /a /\n", [1]),
        ("FROM x\nFROM a AS x\nFROM b\n", [2]),
        ("ARG B=x\nFROM a AS x\nFROM $B\n", [0, 1]),
        ("ARG B=x\nARG C=${B}\nFROM a AS x\nFROM b AS y\nFROM ${C}\n", [0, 2]),
        ("FROM a AS x\nFROM b AS y\nFROM ${B:-${C:-x}}\n", [0, 2]),
        (MATRIX, [0, 1, 2]),
        (SWITCH, [1, 2]),
    ],
)
def test_a_build_runs_its_stage_and_what_that_is_made_from(text: str, used: list[int]) -> None:
    dockerfile = parse_dockerfile(text)

    assert [each.index for each in dockerfile.used_by(dockerfile.stages[-1])] == used


def test_what_a_build_is_given_chooses_the_stages_that_it_runs() -> None:
    dockerfile = parse_dockerfile(SWITCH)

    assert [each.name for each in dockerfile.used_by(dockerfile.stages[2], {"MODE": "debug"})] == ["debug", "final"]


@pytest.mark.parametrize(
    ("text", "finals"),
    [
        ("FROM a\n", [0]),
        ("FROM a AS x\nFROM x\n", [1]),
        ("FROM a AS x\nFROM x AS y\nFROM x AS z\n", [1, 2]),
        ("FROM a AS x\nFROM b\nCOPY --from=x /a /\nFROM c\n", [1, 2]),
        (MATRIX, [2]),
    ],
)
def test_final_stages_are_those_that_no_other_uses(text: str, finals: list[int]) -> None:
    assert [each.index for each in parse_dockerfile(text).finals] == finals


def test_a_build_can_use_the_args_of_all_its_stages_and_the_global_ones() -> None:
    dockerfile = parse_dockerfile("ARG A=1\nFROM a AS x\nARG B\nFROM b AS y\nARG C=1\nFROM x\nARG D\n")

    assert declared_args(dockerfile, dockerfile.stages[-1]) == {"A", "B", "D"}


@pytest.mark.parametrize(("args", "declared"), [({}, {"MODE"}), ({"MODE": "debug"}, {"MODE", "SYMBOLS"})])
def test_a_build_can_use_the_args_of_the_stages_that_it_is_given(args: Mapping[str, str], declared: set[str]) -> None:
    dockerfile = parse_dockerfile(SWITCH)

    assert declared_args(dockerfile, dockerfile.stages[-1], args) == declared


@pytest.mark.parametrize(
    ("text", "unset"),
    [
        ("FROM a\nARG X\n", ["X"]),
        ("FROM a\nARG X=1\n", []),
        ("FROM a\nARG X=\n", []),
        ("FROM a\nARG X=1\nARG X\n", []),
        ("FROM a\nARG X\nARG X\n", ["X"]),
        ("ARG X=1\nFROM a\nARG X\n", []),
        ("ARG X\nFROM a\nARG X\n", ["X"]),
        ("ARG X\nFROM a\n", []),
        ("ARG X\nFROM a:$X\n", ["X"]),
        ("ARG X\nFROM a:${X}\n", ["X"]),
        ("ARG X\nFROM a:${X:-1}\n", []),
        ("ARG X\nFROM a:$XY\n", []),
        ("ARG X\nFROM --platform=$X a\n", ["X"]),
        ("ARG X\nFROM a:$X\nFROM b\n", []),
        ("FROM a AS x\nARG X\nFROM b\n", []),
        ("FROM a AS x\nARG X\nFROM b\nCOPY --from=x /a /\n", ["X"]),
        ("FROM a AS x\nARG X=1\nFROM x\nARG X\n", []),
        ("FROM a AS x\nARG X=1\nFROM b\nARG X\nCOPY --from=x /a /\n", ["X"]),
        ("FROM a\nARG X\nENV X=$X\n", ["X"]),
        ("FROM a\nARG X\nENV X=${X:-1}\n", []),
        ("FROM a\nARG TARGETARCH HTTP_PROXY no_proxy SOURCE_DATE_EPOCH BUILDKIT_SBOM_SCAN_STAGE\n", []),
    ],
)
def test_unset_args_are_those_without_a_default_that_reaches_them(text: str, unset: list[str]) -> None:
    dockerfile = parse_dockerfile(text)

    assert [arg.name for arg in unset_args(dockerfile, dockerfile.stages[-1])] == unset


def test_an_unset_arg_is_told_where_it_is_first_declared() -> None:
    dockerfile = parse_dockerfile("FROM a AS x\nARG X\nFROM x\nARG X\n")

    assert unset_args(dockerfile, dockerfile.stages[-1]) == (Arg("X", None, 2),)


@pytest.mark.parametrize("name", ["TARGETPLATFORM", "BUILDVARIANT", "TARGETSTAGE", "ALL_PROXY", "https_proxy"])
def test_buildkit_knows_some_args_by_itself(name: str) -> None:
    assert is_predefined(name)


@pytest.mark.parametrize("name", ["", "BUILDSTAGE", "Http_Proxy", "PROXY", "targetarch", "VERSION"])
def test_buildkit_knows_no_other_args(name: str) -> None:
    assert not is_predefined(name)


@pytest.mark.parametrize(
    ("patterns", "path"),
    [
        ("app", "app"),
        ("/app/", "./app/"),
        ("app", "/app/main.py"),
        ("app", "x/../app"),
        ("app", "../app"),
        ("./x/../app", "app"),
        ("  app  ", "app"),
        ("\ufeffapp\r\n", "app"),
        ("app/*", "app/main.py"),
        ("*.log", "a.log"),
        ("**/*.log", "a.log"),
        ("**/*.log", "a/b/c.log"),
        ("a/**/b", "a/x/y/b"),
        ("a?.[ch]", "ab.c"),
        ("[a-c].txt", "b.txt"),
        ("[^a].txt", "b.txt"),
        ("a\\b", "ab"),
        ("a+(b)", "a+(b)"),
        ("!app\napp", "app"),
        ("*\n!src", "app"),
        ("*\n!src", "app/main.py"),
        ("app\n!app/x/keep", "app/y"),
        ("*", "."),
        ("**", "./"),
        ("*", "*.py"),
        ("*.py", "*.py"),
        ("*.py", "test_*.py"),
        ("a?", "a?"),
        ("app", "app/*.py"),
        ("app\n!src", "app/*.py"),
        ("**/*.log", "logs/*.log"),
    ],
)
def test_a_source_is_excluded_when_nothing_of_it_is_left(patterns: str, path: str) -> None:
    assert parse_ignore(patterns).excludes(path)


@pytest.mark.parametrize(
    ("patterns", "path"),
    [
        ("", "app"),
        ("# app\n\n", "app"),
        ("#app", "#app"),
        ("app", "src/app"),
        ("app", "application"),
        ("App", "app"),
        ("*.log", "a/b.log"),
        ("app/main.py", "app"),
        ("app/*", "app"),
        ("app\n!app", "app"),
        ("app\n!app/keep", "app"),
        ("app\n!app/keep", "app/keep"),
        ("*\n!app/keep", "app"),
        ("*\n!*.py", "main.py"),
        ("app\n!**/keep", "app"),
        ("app\n!app/keep", "app/*.py"),
        ("app", "."),
        ("*\n!app", "."),
        (".", "."),
        (".", "app"),
        ("*.py", "*.txt"),
        ("*.py\n!main.py", "*.py"),
        ("a?", "a*"),
        ("a[*]", "a*"),
        ("a\\*", "a*"),
        ("a\\*b", "a*b"),
        ("*/x", "**/x"),
        ("[", "["),
        ("app\n!", "app"),
    ],
)
def test_a_source_is_not_excluded_when_something_of_it_may_be_left(patterns: str, path: str) -> None:
    assert not parse_ignore(patterns).excludes(path)
