"""Keys of named contexts that BuildKit never looks for."""

from pathlib import Path

import pytest

from bake_compiler.project.planned import plan_with_inputs, warnings_of
from tests.fakes.project import write, write_project
from tests.unit.plan.check.written import IMAGE_LINE, LEVELS, component_py, project_py, said_at

IMAGE = '"docker-image://ours:1"'


def warnings(root: Path, dockerfile: str, key: str) -> list[tuple[str, str]]:
    write_project(root, {"web": component_py(f'name="web", contexts={{"{key}": {IMAGE}}}')})
    write(root / "components/web/Dockerfile", dockerfile)
    return [(str(each), each.hint) for each in warnings_of(root, *plan_with_inputs(root))]


@pytest.mark.parametrize(
    ("dockerfile", "key", "form"),
    [
        ("FROM busybox\n", "busybox:latest", "busybox"),
        ("FROM busybox:latest\n", "busybox:latest", "busybox"),
        ("FROM docker.io/library/busybox:1\n", "docker.io/library/busybox:1", "busybox:1"),
        ("FROM scratch\nCOPY --from=ghcr.io/a/b / /\n", "ghcr.io/a/b:latest", "ghcr.io/a/b"),
        ("FROM scratch\nRUN --mount=from=a/b:1,target=/x true\n", "docker.io/a/b:1", "a/b:1"),
        ("ARG V=1\nFROM go:$V\n", "library/go:1", "go:1"),
        ("FROM a AS Work\nFROM b\nCOPY --from=Work / /\n", "Work", "work"),
        ("FROM busybox\n", "busybox::arm64", "busybox::linux/arm64"),
        ("FROM busybox\n", "busybox:latest::linux/arm64/v8", "busybox::linux/arm64"),
    ],
)
def test_a_key_in_another_form_is_told_with_the_one_that_is_looked_for(
    tmp_path: Path, dockerfile: str, key: str, form: str
) -> None:
    message = f"{IMAGE_LINE}: contexts.{key}: replaces nothing: BuildKit looks for {form!r}"

    assert warnings(tmp_path, dockerfile, key) == [(message, f"write {form!r} instead of {key!r}")]


@pytest.mark.parametrize(
    ("dockerfile", "key"),
    [
        ("FROM docker.io/library/busybox:latest\n", "busybox"),
        ("FROM busybox\n", "busybox::linux/arm64"),
        ("FROM a AS Work\nFROM b\nCOPY --from=Work / /\n", "work"),
        ("FROM busybox\n", "tools:latest"),  # which an ONBUILD may take
        ("FROM scratch\n", "scratch:latest"),
        ("FROM busybox:1\n", "busybox:2"),
    ],
)
def test_a_key_that_is_looked_for_or_of_which_nobody_knows_is_not(tmp_path: Path, dockerfile: str, key: str) -> None:
    assert warnings(tmp_path, dockerfile, key) == []


@pytest.mark.parametrize("level", LEVELS)
def test_it_is_told_where_its_author_wrote_it(tmp_path: Path, level: str) -> None:
    web, more, place = said_at(level, f'contexts={{"busybox:stable": {IMAGE}, "docker.io/busybox:stable": {IMAGE}}}')
    write_project(tmp_path, {"web": web}, project=project_py(*more))

    told = {str(each) for each in warnings_of(tmp_path, *plan_with_inputs(tmp_path))}

    assert told == {
        f"{place}: contexts.docker.io/busybox:stable: replaces nothing: BuildKit looks for 'busybox:stable'"
    }
