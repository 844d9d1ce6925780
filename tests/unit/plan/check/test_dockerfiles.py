"""What a Dockerfile and a .dockerignore lack for the image that is to be built from them."""

from pathlib import Path

import pytest

from tests.unit.plan.check.written import (
    COMPONENT_LINE,
    IMAGE_LINE,
    Told,
    component_py,
    mistakes,
    told,
)

DOCKERFILE = "components/web/Dockerfile"
STAGES = "FROM busybox AS base\nFROM base AS backend\nFROM base AS backend-init\n"
DEV = 'variants=[Variant(name="dev")]'


def web(fields: str = "", more: str = "") -> str:
    return component_py(f'name="web", {fields}', more=more)


def of(root: Path, dockerfile: str, written: str, *project: str, **ignores: str) -> Told:
    """What is told of web's Dockerfile, with .dockerignore files by the name of their folder under components."""
    files = {f"components/{folder}/.dockerignore": text for folder, text in ignores.items()}
    return told(root, written, *project, files={DOCKERFILE: dockerfile, **files})


def test_a_stage_that_the_dockerfile_lacks_is_told_with_those_that_it_has(tmp_path: Path) -> None:
    assert of(tmp_path, STAGES, web('stage="backnd"')) == [
        (f"{IMAGE_LINE}: stage: {DOCKERFILE} has no stage 'backnd'", "its stages: base, backend, backend-init")
    ]


def test_a_dockerfile_whose_stages_have_no_names_is_told_as_such(tmp_path: Path) -> None:
    (problem,) = of(tmp_path, "FROM busybox\n", web('stage="app"'))

    assert problem[1] == "its stages: none has a name"


def test_a_stage_that_a_change_names_is_looked_for_too(tmp_path: Path) -> None:
    written = web('stage="backend", variants={"dev": Change(stage="debug")}')

    assert of(tmp_path, STAGES, written, DEV) == [
        (f"{IMAGE_LINE}: stage: {DOCKERFILE} has no stage 'debug'", "its stages: base, backend, backend-init")
    ]


@pytest.mark.parametrize("index", ["0", "1", "7"])
def test_an_index_is_no_stage_to_build_for_buildkit_takes_names_alone(tmp_path: Path, index: str) -> None:
    assert of(tmp_path, STAGES, web(f'stage="{index}"')) == [
        (f"{IMAGE_LINE}: stage: {DOCKERFILE} has no stage '{index}'", "its stages: base, backend, backend-init")
    ]


def test_a_stage_may_be_written_in_another_case(tmp_path: Path) -> None:
    assert of(tmp_path, STAGES, web('stage="Backend"')) == []


def test_several_final_stages_and_none_chosen_would_build_the_last_by_accident(tmp_path: Path) -> None:
    assert of(tmp_path, STAGES, web()) == [
        (
            f"{IMAGE_LINE}: stage: {DOCKERFILE} has several final stages, and the image chooses no stage",
            "write stage='backend' or 'backend-init'",
        )
    ]


def test_several_final_stages_without_names_are_to_be_given_some(tmp_path: Path) -> None:
    (problem,) = of(tmp_path, "FROM busybox\nFROM alpine\n", web())

    assert problem[1] == "name the last stage, FROM … AS NAME, and choose with stage="


def test_one_final_stage_needs_no_choice(tmp_path: Path) -> None:
    assert of(tmp_path, "FROM busybox AS tools\nFROM busybox\nCOPY --from=tools /a /a\n", web()) == []


@pytest.mark.parametrize(
    ("written", "place"),
    [
        (web('args={"VRSION": "1"}'), IMAGE_LINE),
        (web(more='args={"VRSION": "1"}'), COMPONENT_LINE),
        (web('args={"VRSION": None}'), IMAGE_LINE),
    ],
)
def test_an_arg_that_no_stage_declares_would_be_given_for_nothing(tmp_path: Path, written: str, place: str) -> None:
    assert of(tmp_path, "FROM busybox\nARG VERSION=1\n", written) == [
        (f"{place}: args.VRSION: {DOCKERFILE} declares no ARG VRSION for what is built", "it declares: VERSION")
    ]


def test_an_arg_of_a_stage_that_is_not_built_does_not_count_as_declared(tmp_path: Path) -> None:
    dockerfile = "FROM busybox AS other\nARG VERSION=1\nFROM busybox AS app\n"

    assert of(tmp_path, dockerfile, web('stage="app", args={"VERSION": "1"}')) == [
        (f"{IMAGE_LINE}: args.VERSION: {DOCKERFILE} declares no ARG VERSION for what is built", "it declares: none")
    ]


def test_args_of_the_project_are_for_whoever_declares_them(tmp_path: Path) -> None:
    assert of(tmp_path, "FROM busybox\n", web(), 'args={"VERSION": "1"}') == []


def test_args_that_buildkit_knows_need_no_declaration(tmp_path: Path) -> None:
    known = '"HTTPS_PROXY": "x", "SOURCE_DATE_EPOCH": "0", "BUILDKIT_INLINE_CACHE": "1"'

    assert of(tmp_path, "FROM busybox\n", web(f"args={{{known}}}")) == []


def test_a_required_arg_that_nobody_gives_is_told_on_its_line_of_the_dockerfile(tmp_path: Path) -> None:
    assert of(tmp_path, "FROM busybox\n\nARG VERSION\n", web()) == [
        (
            f"{DOCKERFILE}:3: ARG VERSION has no default and web gives it no value",
            'write args={"VERSION": …}, with None if no value is meant',
        )
    ]


def test_a_required_arg_is_told_for_each_image_of_the_dockerfile(tmp_path: Path) -> None:
    written = component_py('name="api"', 'name="web", args={"VERSION": "1"}', 'name="hub"')

    assert [problem.partition(": ")[2] for problem, _ in of(tmp_path, "FROM busybox\nARG VERSION\n", written)] == [
        "ARG VERSION has no default and api gives it no value",
        "ARG VERSION has no default and hub gives it no value",
    ]


@pytest.mark.parametrize("value", ["None", '"1"', '""', 'Var("TAG")'])
@pytest.mark.parametrize("level", ["image", "component", "project", "target"])
def test_a_required_arg_is_given_at_any_level_and_none_says_that_no_value_is_meant(
    tmp_path: Path, level: str, value: str
) -> None:
    args = f'args={{"VERSION": {value}}}'
    written, project = {
        "image": (web(args), ()),
        "component": (web(more=args), ()),
        "project": (web(), (args,)),
        "target": (web(more='inherits=["_t"]'), (f'targets=[Target(name="_t", {args})]',)),
    }[level]

    assert of(tmp_path, "FROM busybox\nARG VERSION\n", written, *project) == []


def test_a_required_arg_of_a_stage_that_is_not_built_is_nobodys_business(tmp_path: Path) -> None:
    dockerfile = "FROM busybox AS other\nARG VERSION\nFROM busybox AS app\n"

    assert of(tmp_path, dockerfile, web('stage="app"')) == []


def test_a_required_arg_of_a_stage_that_the_built_one_copies_from_counts(tmp_path: Path) -> None:
    dockerfile = "FROM busybox AS other\nARG VERSION\nFROM busybox AS app\nCOPY --from=other /a /a\n"

    assert [problem for problem, _ in of(tmp_path, dockerfile, web('stage="app"'))] == [
        f"{DOCKERFILE}:2: ARG VERSION has no default and web gives it no value"
    ]


def test_args_and_a_stage_that_only_buildx_knows_are_not_guessed_at(tmp_path: Path) -> None:
    assert of(tmp_path, "FROM busybox AS app\nARG VERSION\n", web("stage='app', args=Expr('{}')")) == []


@pytest.mark.parametrize(
    ("inline", "fields", "place", "message"),
    [
        ("FROM busybox\\nARG A\\n", "", "dockerfile_inline", "ARG A has no default and web gives it no value"),
        ("FROM busybox\\n", 'args={"A": "1"}', "args.A", "the inline Dockerfile declares no ARG A for what is built"),
        ("FROM busybox AS a\\n", 'stage="b"', "stage", "the inline Dockerfile has no stage 'b'"),
        (
            "FROM busybox AS a\\nFROM busybox AS b\\n",
            "",
            "stage",
            "the inline Dockerfile has several final stages, and the image chooses no stage",
        ),
    ],
)
def test_an_inline_dockerfile_is_read_as_one_on_disk(
    tmp_path: Path, inline: str, fields: str, place: str, message: str
) -> None:
    (problem,) = mistakes(tmp_path, web(f'dockerfile_inline="{inline}", {fields}'))

    assert str(problem) == f"{IMAGE_LINE}: {place}: {message}"


def test_an_inline_dockerfile_that_can_not_be_read_is_told_where_it_is_written(tmp_path: Path) -> None:
    (problem,) = mistakes(tmp_path, web('dockerfile_inline="FORM busybox\\n"'))

    assert str(problem).startswith(f"{IMAGE_LINE}: dockerfile_inline: ")


@pytest.mark.parametrize("ignored", ["dist", "*", "dis*", "**/dist"])
def test_a_dockerignore_that_excludes_what_is_copied_is_told_on_the_line_of_the_copy(
    tmp_path: Path, ignored: str
) -> None:
    assert of(tmp_path, "FROM busybox\nCOPY dist /dist\n", web(), web=f"{ignored}\n") == [
        (
            f"{DOCKERFILE}:2: COPY dist: components/web/.dockerignore excludes it, so there is nothing to copy",
            "add !dist to components/web/.dockerignore, or don't copy it",
        )
    ]


def test_each_source_that_is_excluded_is_told(tmp_path: Path) -> None:
    found = of(tmp_path, "FROM busybox\nADD a.txt b.txt c.txt /d/\n", web(), web="*.txt\n!b.txt\n")

    assert [problem.split(": ")[1] for problem, _ in found] == ["ADD a.txt", "ADD c.txt"]


def test_the_dockerignore_of_a_dockerfile_comes_before_that_of_the_context(tmp_path: Path) -> None:
    files = {
        DOCKERFILE: "FROM busybox\nCOPY src dist /d/\n",
        f"{DOCKERFILE}.dockerignore": "src\n",
        "components/web/.dockerignore": "dist\n",
    }

    assert [problem.message for problem in mistakes(tmp_path, web(), files=files)] == [
        f"COPY src: {DOCKERFILE}.dockerignore excludes it, so there is nothing to copy"
    ]


def test_the_dockerignore_is_that_of_the_context_and_not_of_the_dockerfiles_folder(tmp_path: Path) -> None:
    files = {
        DOCKERFILE: "FROM busybox\nCOPY dist src /d/\n",
        "components/web/app/.dockerignore": "dist\n",
        "components/web/.dockerignore": "src\n",
    }

    assert [problem.message for problem in mistakes(tmp_path, web('context="app"'), files=files)] == [
        "COPY dist: components/web/app/.dockerignore excludes it, so there is nothing to copy"
    ]


@pytest.mark.parametrize(
    "dockerfile",
    [
        "FROM busybox AS other\nCOPY dist /d\nFROM busybox AS app\n",
        "FROM busybox AS other\nFROM other AS app\nCOPY --from=other dist /d\n",
        "FROM busybox AS app\nARG A=dist\nCOPY $A /d\n",
        "FROM busybox AS app\nADD https://example.test/dist /d\n",
    ],
)
def test_what_is_not_copied_from_the_context_can_not_be_excluded_from_it(tmp_path: Path, dockerfile: str) -> None:
    assert of(tmp_path, dockerfile, web('stage="app"'), web="dist\n") == []


def test_a_dockerignore_holds_for_an_inline_dockerfile_too(tmp_path: Path) -> None:
    inline = 'dockerfile_inline="FROM busybox\\nCOPY dist /d\\n"'

    ((problem, _),) = of(tmp_path, "", web(inline), web="dist\n")

    assert problem.startswith(f"{IMAGE_LINE}: ")
    assert problem.endswith(
        "COPY dist: components/web/.dockerignore excludes it, so there is nothing to copy",
    )


def test_the_dockerignore_of_another_context_is_not_that_of_an_inline_dockerfile(tmp_path: Path) -> None:
    components = {
        "web": web('dockerfile_inline="FROM busybox\\nCOPY dist /d\\n"'),
        "api": component_py('name="api", dockerfile="components/api/Dockerfile"', more='relative_to="project"'),
    }

    assert told(tmp_path, components, files={".dockerignore": "dist\n"}) == []


AT_THE_ROOT = web('context="../.."')
TAKEN = "copies .bakec with the logs of all runs, so it is never cached"


@pytest.mark.parametrize("source", [".", "./", "/", "src/..", "*", "**", ".*", "?bakec", "./.b*", "[.]bakec", '"."'])
@pytest.mark.parametrize("instruction", ["COPY", "ADD"])
def test_a_copy_of_the_root_takes_bakecs_own_files_along(tmp_path: Path, instruction: str, source: str) -> None:
    assert of(tmp_path, f"FROM busybox\n{instruction} {source} /src/\n", AT_THE_ROOT) == [
        (
            f"{DOCKERFILE}:2: {instruction} {source.strip(chr(34))}: {TAKEN}",
            "write .bakec as the last line of .dockerignore",
        )
    ]


@pytest.mark.parametrize("source", [".bakec", ".bakec/runs", "*/runs", "*/*", ".bakec/timings.json"])
def test_so_does_a_copy_of_a_part_of_them(tmp_path: Path, source: str) -> None:
    (problem,) = of(tmp_path, f"FROM busybox\nCOPY {source} /src/\n", AT_THE_ROOT)

    assert problem[0] == f"{DOCKERFILE}:2: COPY {source}: {TAKEN}"


@pytest.mark.parametrize(
    "copied",
    [
        "COPY src/ /src/",
        "COPY components /src/",
        "COPY */package.json /src/",
        "COPY *.txt !x #y /src/",
        "COPY bakec .bakec.txt [^.]* /src/",
        "COPY --from=busybox . /src/",
        "COPY --exclude=.bakec . /src/",
        "ADD --exclude=*.md --exclude=.bakec . /src/",
        "COPY --exclude=**/*.json --exclude=.bakec/runs . /src/",
        "COPY --exclude=runs --exclude=*.json * /src/",
        "COPY --exclude=RUN */runs /src/",
        "ADD https://example.test/ /src/",
        "COPY <<EOF /src/\n.\nEOF",
        "ARG A=.\nCOPY $A /src/",
        "COPY [ /src/",
    ],
)
def test_a_copy_that_leaves_bakecs_own_files_where_they_are_is_none_of_its_business(
    tmp_path: Path, copied: str
) -> None:
    assert of(tmp_path, f"FROM busybox\n{copied}\n", AT_THE_ROOT) == []


@pytest.mark.parametrize("fields", ["", 'context="app"', 'context=".."'])
def test_a_context_below_the_root_holds_none_of_bakecs_own_files(tmp_path: Path, fields: str) -> None:
    (tmp_path / "components/web/app").mkdir(parents=True)

    assert of(tmp_path, "FROM busybox\nCOPY . /src/\n", web(fields)) == []


def test_a_stage_that_is_not_built_takes_nothing(tmp_path: Path) -> None:
    dockerfile = "FROM busybox AS other\nCOPY . /src/\nFROM busybox AS app\n"

    assert of(tmp_path, dockerfile, web('context="../..", stage="app"')) == []


@pytest.mark.parametrize(
    "ignored",
    [".bakec", "/.bakec/", ".bakec/**", "**/.bakec", ".*", "*\n!src", "*\n!**/*.py", "!.bakec\n.bakec", "**/.b*"],
)
@pytest.mark.parametrize("place", [".dockerignore", f"{DOCKERFILE}.dockerignore"])
def test_a_dockerignore_that_excludes_bakecs_own_files_is_enough(tmp_path: Path, place: str, ignored: str) -> None:
    files = {DOCKERFILE: "FROM busybox\nCOPY . /src/\n", place: f"{ignored}\n"}

    assert told(tmp_path, AT_THE_ROOT, files=files) == []


@pytest.mark.parametrize(
    "ignored",
    [
        "",
        "*.md",
        ".bakec/runs",
        ".bakec/compile.json",
        "bakec",
        ".bakec\n!.bakec",
        "*\n!**/*.log",
        "**/*.json",
        "[\n.bakec",
    ],
)
@pytest.mark.parametrize("place", [".dockerignore", f"{DOCKERFILE}.dockerignore"])
def test_a_dockerignore_that_lets_some_of_them_through_is_told_the_line_that_it_lacks(
    tmp_path: Path, place: str, ignored: str
) -> None:
    files = {DOCKERFILE: "FROM busybox\nCOPY . /src/\n", place: f"{ignored}\n"}

    assert told(tmp_path, AT_THE_ROOT, files=files) == [
        (
            f"{DOCKERFILE}:2: COPY .: {TAKEN}",
            f"write {'.bakec/**' if '!' in ignored else '.bakec'} as the last line of {place}",
        )
    ]


@pytest.mark.parametrize("ignored", ["", ".bakec/runs", ".bakec\n!.bakec", "*\n!**/*.log", "!**/runs\n!.bakec"])
def test_the_line_that_it_is_told_is_all_that_it_lacks(tmp_path: Path, ignored: str) -> None:
    files = {DOCKERFILE: "FROM busybox\nCOPY . /src/\n", ".dockerignore": f"{ignored}\n"}
    ((_, hint),) = told(tmp_path / "before", AT_THE_ROOT, files=files)

    files[".dockerignore"] += hint.removeprefix("write ").partition(" as ")[0]
    assert told(tmp_path / "after", AT_THE_ROOT, files=files) == []


@pytest.mark.parametrize("copied", ["--exclude=*.md .", "--exclude=.bakec *", "--exclude=**/.bakec .b*"])
def test_an_exclude_that_leaves_some_of_them_in_is_not_enough(tmp_path: Path, copied: str) -> None:
    """A pattern of `--exclude` counts from the folder that the wildcard has found."""
    assert len(of(tmp_path, f"FROM busybox\nCOPY {copied} /src/\n", AT_THE_ROOT)) == 1


def test_an_inline_dockerfile_that_copies_the_root_is_told_where_it_is_written(tmp_path: Path) -> None:
    written = web('context="../..", dockerfile_inline="FROM busybox\\nCOPY . /src/\\n"')

    assert of(tmp_path, "", written) == [
        (f"{IMAGE_LINE}: dockerfile_inline: COPY .: {TAKEN}", "write .bakec as the last line of .dockerignore")
    ]


def test_a_copy_of_the_root_that_two_images_share_is_told_once(tmp_path: Path) -> None:
    written = component_py('name="web", context="../.."', 'name="api", context="../.."')

    assert len(of(tmp_path, "FROM busybox\nCOPY . /src/\n", written)) == 1


@pytest.mark.parametrize(
    ("dockerfile", "line", "why"),
    [
        ("FROM busybox\nRUNN true\n", 2, "unknown instruction: RUNN"),
        ("# only a comment\n", 1, "no FROM: there is nothing to build"),
        ("RUN true\nFROM busybox\n", 1, "RUN before the first FROM: it is in no stage"),
        ("FROM busybox as\n", 1, "FROM requires either one or three arguments"),
        ("# syntax=docker/dockerfile:1\nFROM busybox\nRUNN true\n", 3, "unknown instruction: RUNN"),
        ("# syntax=docker.io/docker/dockerfile:1.7-labs\nFROM a\nRUNN true\n", 3, "unknown instruction: RUNN"),
        pytest.param(
            "",
            1,
            "no FROM: there is nothing to build",
        ),
    ],
)
def test_a_dockerfile_that_can_not_be_read_is_told_with_its_line(
    tmp_path: Path, dockerfile: str, line: int, why: str
) -> None:
    (problem,) = of(tmp_path, dockerfile, web())

    assert problem[0] == f"{DOCKERFILE}:{line}: not a Dockerfile that bakec can read: {why}"


def test_a_dockerfile_for_a_frontend_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    assert of(tmp_path, "# syntax=acme.example/frontend:1\nINSTALL it\n", web('stage="any"')) == []


def test_a_dockerfile_that_two_images_share_is_told_to_be_unreadable_once(tmp_path: Path) -> None:
    assert len(of(tmp_path, "FROM busybox\nRUNN true\n", component_py('name="web"', 'name="api"'))) == 1
