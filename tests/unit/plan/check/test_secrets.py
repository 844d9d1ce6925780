"""A bake file and an image are read by many: nothing that looks like a secret is in them unless its author says why."""

from pathlib import Path

import pytest

from tests.unit.plan.check.written import (
    COMPONENT,
    IMAGE_LINE,
    LEVELS,
    PROJECT_LINE,
    component_py,
    mistakes,
    said_at,
    told,
)

DOCKERFILE = "components/web/Dockerfile"
DECLARING = {DOCKERFILE: "FROM busybox\nARG TOKEN=\nARG A=\n"}
HINT = "pass it with secret=(Secret(id=…),), or say why it is not a secret: not_secret={…: 'why'}"
IN_IMAGE = "and it would be in the image for all to read"
MOUNT = "mount it: RUN --mount=type=secret,id=…; or say why it is not a secret: not_secret={…: 'why'}"
BY_NAME, BY_VALUE = "its name looks like the name of a secret", "its value looks like a secret"
GITHUB = "ghp_" + "a" * 36


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("field", "place", "why"),
    [
        ('args={"TOKEN": "abc"}', "args.TOKEN", BY_NAME),
        ('labels={"org.example.password": "abc"}', "labels.org.example.password", BY_NAME),
        ('annotations={"index:org.example.api-key": "abc"}', "annotations.index:org.example.api-key", BY_NAME),
        (f'args={{"A": "{GITHUB}"}}', "args.A", BY_VALUE),
        (f'labels={{"a": "{GITHUB}"}}', "labels.a", BY_VALUE),
        (f'annotations={{"a": "{GITHUB}"}}', "annotations.a", BY_VALUE),
    ],
)
def test_a_secret_is_told_by_its_name_or_its_value_at_every_level(
    tmp_path: Path, level: str, field: str, place: str, why: str
) -> None:
    written, project, line = said_at(level, field)

    assert told(tmp_path, written, *project, files=DECLARING) == [(f"{line}: {place}: {why}", HINT)]


@pytest.mark.parametrize(
    "value",
    [
        "-----BEGIN RSA PRIVATE KEY-----",
        "AKIA" + "A" * 16,
        "github_pat_" + "a" * 22,
        "glpat-" + "a" * 20,
        "xoxb-1234567890",
        "eyJhbGciOiJIUzI1.eyJzdWIiOiIx.abc",
        "postgres://user:word@db.example/x",
    ],
)
def test_values_that_only_secrets_have_are_known(tmp_path: Path, value: str) -> None:
    assert told(tmp_path, component_py(f'name="web", labels={{"a": "{value}"}}')) == [
        (f"{IMAGE_LINE}: labels.a: {BY_VALUE}", HINT)
    ]


@pytest.mark.parametrize(
    "name", ["PASSWORD", "db_password", "API_KEY", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "PASSPHRASE", "credentials"]
)
def test_names_that_secrets_have_are_known(tmp_path: Path, name: str) -> None:
    files = {DOCKERFILE: f"FROM busybox\nARG {name}=\n"}

    assert told(tmp_path, component_py(f'name="web", args={{"{name}": "abc"}}'), files=files) == [
        (f"{IMAGE_LINE}: args.{name}: {BY_NAME}", HINT)
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOKEN", "None"),
        ("TOKEN", '""'),
        ("TOKEN_URL", '"https://auth.example/token"'),
        ("PASSWORD_FILE", '"/run/secrets/password"'),
        ("MONKEY", '"banana"'),
        ("PUBLIC_KEY", '"abc"'),
        ("COMPASS", '"north"'),
        ("URL", '"https://example.test:8443/a@b"'),
    ],
)
def test_what_only_resembles_a_secret_is_none(tmp_path: Path, name: str, value: str) -> None:
    files = {DOCKERFILE: f"FROM busybox\nARG {name}=\n"}

    assert told(tmp_path, component_py(f'name="web", args={{"{name}": {value}}}'), files=files) == []


def test_a_secret_that_is_a_part_of_a_join_is_told(tmp_path: Path) -> None:
    written = component_py(f'name="web", labels={{"a": Join("{GITHUB}", Var("TAG"))}}')

    assert told(tmp_path, written) == [(f"{IMAGE_LINE}: labels.a: {BY_VALUE}", HINT)]


def test_a_secret_is_told_on_the_line_of_its_key(tmp_path: Path) -> None:
    more = 'labels={\n        "a": "b",\n        "db.password": "abc",\n    }'

    (problem,) = mistakes(tmp_path, component_py('name="web"', more=more))

    assert (problem.file, problem.line, problem.field) == (COMPONENT, 7, "labels.db.password")


@pytest.mark.parametrize(
    ("variable", "why"),
    [
        ('Variable(name="DB_PASSWORD", default="abc")', f"variable DB_PASSWORD: {BY_NAME}"),
        (f'Variable(name="A", default="{GITHUB}")', f"variable A: {BY_VALUE}"),
        pytest.param(
            f'Variable(name="A", default=["{GITHUB}"])',
            f"variable A: {BY_VALUE}",
        ),
        pytest.param(
            f'Variable(name="A", default="", example="{GITHUB}")',
            f"variable A: {BY_VALUE}",
        ),
    ],
)
def test_a_variable_with_a_secret_for_a_default_is_told(tmp_path: Path, variable: str, why: str) -> None:
    assert told(tmp_path, component_py('name="web"'), f"variables=[{variable}]") == [
        (f"{PROJECT_LINE}: name: {why}", HINT)
    ]


@pytest.mark.parametrize("default", ["None", '""'])
def test_a_variable_that_has_to_be_set_from_outside_is_no_secret_yet(tmp_path: Path, default: str) -> None:
    assert told(tmp_path, component_py('name="web"'), f'variables=[Variable(name="TOKEN", default={default})]') == []


@pytest.mark.parametrize(
    ("instruction", "name", "why"),
    [
        ("ENV API_KEY=abc", "API_KEY", BY_NAME),
        (f"ENV A=1 B={GITHUB}", "B", BY_VALUE),
        ("ENV DB postgres://user:word@db.example/x", "DB", BY_VALUE),
        ("ARG TOKEN=abc", "TOKEN", BY_NAME),
        (f'ARG A="{GITHUB}"', "A", BY_VALUE),
    ],
)
def test_a_secret_in_an_env_or_an_args_default_is_told_on_its_line_of_the_dockerfile(
    tmp_path: Path, instruction: str, name: str, why: str
) -> None:
    files = {DOCKERFILE: f"FROM busybox\n\n{instruction}\n"}

    assert told(tmp_path, component_py('name="web"'), files=files) == [
        (f"{DOCKERFILE}:3: {name}: {why}, {IN_IMAGE}", MOUNT)
    ]


def test_a_secret_in_a_global_args_default_is_told(tmp_path: Path) -> None:
    files = {DOCKERFILE: f"ARG A={GITHUB}\nFROM busybox\nARG A\n"}

    assert len(mistakes(tmp_path, component_py('name="web"'), files=files)) == 1


def test_a_secret_in_an_inline_dockerfile_is_told_at_the_image(tmp_path: Path) -> None:
    written = component_py('name="web", dockerfile_inline="FROM busybox\\nENV TOKEN=abc\\n"')

    assert [str(problem) for problem in mistakes(tmp_path, written)] == [
        f"{IMAGE_LINE}: dockerfile_inline: TOKEN: {BY_NAME}, {IN_IMAGE}"
    ]


def test_an_env_of_a_stage_that_is_not_built_is_in_no_image(tmp_path: Path) -> None:
    files = {DOCKERFILE: "FROM busybox AS other\nENV TOKEN=abc\nFROM busybox AS app\n"}

    assert told(tmp_path, component_py('name="web", stage="app"'), files=files) == []


@pytest.mark.parametrize("level", LEVELS)
def test_not_secret_beside_a_setting_says_that_it_is_none(tmp_path: Path, level: str) -> None:
    written, project, _ = said_at(level, 'args={"TOKEN": "abc"}, not_secret={"TOKEN": "the name of a table"}')

    assert told(tmp_path, written, *project, files=DECLARING) == []


@pytest.mark.parametrize("level", ["component", "project"])
def test_not_secret_holds_for_the_levels_below(tmp_path: Path, level: str) -> None:
    said = 'not_secret={"TOKEN": "the name of a table"}'
    args = 'args={"TOKEN": "abc"}'
    image = f'name="web", {args}, variants={{"dev": Change({args})}}'
    written = component_py(image, more=said if level == "component" else "")
    project = ('variants=[Variant(name="dev")]', *([said] if level == "project" else []))

    assert told(tmp_path, written, *project, files=DECLARING) == []


def test_not_secret_of_an_image_holds_for_its_change_in_a_variant(tmp_path: Path) -> None:
    change = 'variants={"dev": Change(args={"TOKEN": "abc"})}, not_secret={"TOKEN": "the name of a table"}'

    assert (
        told(tmp_path, component_py(f'name="web", {change}'), 'variants=[Variant(name="dev")]', files=DECLARING) == []
    )


@pytest.mark.parametrize(
    "level",
    [
        "target",
        "variant",
    ],
)
def test_not_secret_of_what_an_image_inherits_holds_for_it_as_for_its_dockerfile(tmp_path: Path, level: str) -> None:
    said = 'not_secret={"TOKEN": "the name of a table"}'
    args = 'args={"TOKEN": "abc"}'
    written, project = {
        "target": (component_py(f'name="web", {args}, inherits=["_t"]'), f'targets=[Target(name="_t", {said})]'),
        "variant": (
            component_py(f'name="web", variants={{"dev": Change({args})}}'),
            f'variants=[Variant(name="dev", {said})]',
        ),
    }[level]

    assert told(tmp_path, written, project, files=DECLARING) == []


@pytest.mark.parametrize("level", LEVELS)
def test_not_secret_at_any_level_says_so_for_the_dockerfile(tmp_path: Path, level: str) -> None:
    written, project, _ = said_at(level, 'not_secret={"API_KEY": "a placeholder"}')
    if level in {"variant", "change"}:  # the image itself has the Dockerfile too
        written = written.replace('name="web"', 'name="web", not_secret={"API_KEY": "a placeholder"}')

    assert told(tmp_path, written, *project, files={DOCKERFILE: "FROM busybox\nENV API_KEY=abc\n"}) == []


def test_not_secret_of_the_project_holds_for_its_variables(tmp_path: Path) -> None:
    project = ('variables=[Variable(name="TOKEN", default="abc")]', 'not_secret={"TOKEN": "the name of a table"}')

    assert told(tmp_path, component_py('name="web"'), *project) == []


def test_a_secret_can_not_be_read_from_a_variable_that_bake_reads_too(tmp_path: Path) -> None:
    (problem,) = mistakes(tmp_path, component_py('name="web", secret=[Secret(id="key", env="TAG")]'))

    assert str(problem) == f"{IMAGE_LINE}: secret: TAG is also a variable of the bake file, which the secret would set"
    assert problem.hint == "rename the variable"


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ('contexts={"src": "https://bob:hunter2@git.example/x.git"}', "src"),
        ('cache_to=[Cache(type="s3", options={"secret_access_key": "abc"})]', "secret_access_key"),
        (f'output=["type=image,name={GITHUB}"]', ""),
    ],
    ids=["context", "option", "line"],
)
def test_a_secret_in_a_context_or_a_line_of_csv_is_told_unless_it_is_said_to_be_none(
    tmp_path: Path, field: str, name: str
) -> None:
    assert [hint for _, hint in told(tmp_path, component_py(f'name="web", {field}'))] == [HINT]
    if name:
        allowed = component_py(f'name="web", {field}, not_secret={{"{name}": "an example"}}')
        assert told(tmp_path, allowed) == []
