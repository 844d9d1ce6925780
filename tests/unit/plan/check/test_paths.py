"""Contexts and Dockerfiles stay inside the project."""

from pathlib import Path

import pytest

from tests.unit.plan.check.written import (
    COMPONENT_LINE,
    IMAGE_LINE,
    PROJECT_LINE,
    component_py,
    said_at,
    told,
)

INSIDE = "move it inside"
WEB = component_py('name="web"')


@pytest.mark.parametrize(
    ("written", "place"),
    [
        (component_py('name="web", context="../../.."'), IMAGE_LINE),
        (component_py('name="web"', more='context="../../.."'), COMPONENT_LINE),
        (component_py('name="web", context="src/../../../.."'), IMAGE_LINE),
    ],
)
def test_a_context_outside_the_project_is_told(tmp_path: Path, written: str, place: str) -> None:
    assert (f"{place}: context: .. is outside the project", INSIDE) in told(tmp_path / "project", written)


def test_a_context_outside_the_project_is_one_mistake(tmp_path: Path) -> None:
    assert len(told(tmp_path / "project", component_py('name="web", context="../../.."'))) == 1


@pytest.mark.parametrize(
    ("written", "project", "place"),
    [
        (component_py('name="web", dockerfile="../../../Dockerfile"'), "needs=[]", IMAGE_LINE),
        (component_py('name="web"', more='dockerfile="../../../Dockerfile"'), "needs=[]", COMPONENT_LINE),
        (
            component_py('name="web", variants={"dev": Change(dockerfile="../../../Dockerfile")}'),
            'variants=[Variant(name="dev")]',
            IMAGE_LINE,
        ),
    ],
)
def test_a_dockerfile_outside_the_project_is_told(tmp_path: Path, written: str, project: str, place: str) -> None:
    (tmp_path / "Dockerfile").write_text("FROM busybox\n", encoding="utf-8")

    assert told(tmp_path / "project", written, project) == [
        (f"{place}: dockerfile: ../Dockerfile is outside the project", INSIDE)
    ]


@pytest.mark.parametrize("field", ["context", "dockerfile"])
@pytest.mark.parametrize("path", ["/etc", "~/x"])
def test_a_path_from_the_root_or_a_home_is_refused(tmp_path: Path, field: str, path: str) -> None:
    assert told(tmp_path, component_py(f'name="web", {field}="{path}"')) == [
        (f"{IMAGE_LINE}: {field}: '{path}' is not a path relative to the component or the project", "")
    ]


@pytest.mark.parametrize(
    "level",
    [
        "image",
        "component",
        "target",
        "variant",
        "change",
        "project",
    ],
)
@pytest.mark.parametrize("path", ["../../../other", "/srv/other"])
def test_a_named_context_outside_the_project_is_told_with_its_name(tmp_path: Path, level: str, path: str) -> None:
    written, project, place = said_at(level, f'contexts={{"other": "{path}"}}')

    ((problem, hint),) = told(tmp_path, written, *project)

    assert problem.startswith(f"{place}: contexts.other: ")
    assert problem.endswith("other is outside the project")
    assert hint == INSIDE


@pytest.mark.parametrize(
    "context",
    [
        "docker-image://alpine:3.22",
        "https://git.example/docs.git#main",
        "oci-layout:///srv/layout:1.0",
        "../../shared",
        "vendor",
    ],
)
def test_a_named_context_from_elsewhere_or_inside_the_project_is_none_outside(tmp_path: Path, context: str) -> None:
    assert told(tmp_path, component_py(f'name="web", contexts={{"other": "{context}"}}')) == []


def test_a_context_that_is_an_url_has_a_dockerfile_that_nobody_looks_for(tmp_path: Path) -> None:
    written = component_py('name="web", context="https://git.example/web.git", dockerfile="any/Dockerfile"')

    assert told(tmp_path, written) == []


def test_a_dockerfile_in_a_folder_that_has_none_is_told_without_a_hint_that_makes_no_sense(tmp_path: Path) -> None:
    ((problem, hint),) = told(tmp_path, component_py('name="web", dockerfile="build/Dockerfile"'))

    assert problem == f"{IMAGE_LINE}: dockerfile: components/web/build/Dockerfile is not there"
    assert "declared" not in hint


def test_the_paths_of_a_variant_are_relative_to_the_root_for_it_is_written_in_the_project(tmp_path: Path) -> None:
    variant = 'variants=[Variant(name="dev", images=["web"], contexts={"other": "../other"})]'

    assert told(tmp_path, WEB, variant) == [
        (f"{PROJECT_LINE}: contexts.other: ../other is outside the project", INSIDE)
    ]


def test_a_folder_of_the_project_that_is_called_like_an_image_is_no_link_to_it(tmp_path: Path) -> None:
    files = {"web/site.html": "x"}

    assert told(tmp_path, WEB, 'contexts={"site": "web"}', files=files) == []


def test_a_link_of_all_images_would_be_one_to_itself(tmp_path: Path) -> None:
    ((problem, hint),) = told(tmp_path, WEB, 'contexts={"base": "target:web"}')

    assert problem == f"{PROJECT_LINE}: contexts.base: all images would be linked to web, and web to itself"
    assert "needs" in hint
