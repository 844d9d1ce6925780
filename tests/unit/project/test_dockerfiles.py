"""A Dockerfile's path is relative to the component's folder or to the context: which one its author means."""

from pathlib import Path

import pytest

from bake_compiler.project.planned import plan_project
from bake_compiler.verbs.compile.run import compile_plan
from tests.fakes.project import write
from tests.unit.plan.check.written import IMAGE_LINE, component_py, mistakes, project_py, told

ROOT = Path(__file__).parents[3]
APP = component_py('name="web", context="app"')
ONE, OTHER = "FROM busybox:1.36\n", "FROM busybox:1.37\n"


def project_of(root: Path, component: str, files: dict[str, str], *project: str) -> Path:
    """A project whose only Dockerfiles are these files."""
    write(root / "components/project.py", project_py(*project))
    write(root / "components/web/component.py", component)
    for path, text in files.items():
        write(root / path, text)
    return root


def planned(root: Path) -> dict[str, tuple[str | None, str | None]]:
    """Image → its context and its Dockerfile, as bake reads them."""
    return {image.name: (image.text("context"), image.text("dockerfile")) for image in plan_project(root).images}


@pytest.mark.parametrize(
    ("component", "files", "dockerfile"),
    [
        (APP, ["components/web/Dockerfile", "components/web/app/main.c"], "../Dockerfile"),
        (APP, ["components/web/app/Dockerfile"], "Dockerfile"),
        (
            component_py('name="web", context="app", dockerfile="docker/prod"'),
            ["components/web/app/docker/prod"],
            "docker/prod",
        ),
        (
            component_py('name="web", context="app", dockerfile="../Dockerfile"'),
            ["components/web/Dockerfile", "components/web/app/main.c"],
            "../Dockerfile",
        ),
        (component_py('name="web"', more='context="app"'), ["components/web/app/Dockerfile"], "Dockerfile"),
    ],
)
def test_the_one_file_that_is_there_is_meant(tmp_path: Path, component: str, files: list[str], dockerfile: str) -> None:
    root = project_of(tmp_path, component, dict.fromkeys(files, ONE))

    assert planned(root) == {"web": ("components/web/app", dockerfile)}


def test_with_paths_from_the_projects_root_a_dockerfile_may_be_beside_its_sources(tmp_path: Path) -> None:
    component = component_py('name="web"', more='relative_to="project", context="services/web"')
    root = project_of(tmp_path, component, {"services/web/Dockerfile": ONE})

    assert planned(root) == {"web": ("services/web", "Dockerfile")}


def test_the_bake_file_names_the_dockerfile_that_was_found_and_a_variant_has_its_own(tmp_path: Path) -> None:
    component = component_py('name="web", context="app", variants={"dev": Change(dockerfile="dev.Dockerfile")}')
    files = {"components/web/app/Dockerfile": ONE, "components/web/app/dev.Dockerfile": OTHER}
    root = project_of(
        tmp_path, component, files, 'variants=[Variant(name="dev"), Variant(name="plain", images=["web"])]'
    )

    folder = "components/web/app"
    assert planned(root) == {
        "web": (folder, "Dockerfile"),
        "web-dev": (folder, "dev.Dockerfile"),
        "web-plain": (folder, "Dockerfile"),
    }
    text = compile_plan(root, plan_project(root))
    assert [line.split()[-1] for line in text.splitlines() if line.startswith("  dockerfile ")] == [
        '"Dockerfile"',
        '"dev.Dockerfile"',
    ]


def test_two_files_with_the_same_text_need_no_choice(tmp_path: Path) -> None:
    files = {"components/web/Dockerfile": ONE, "components/web/app/Dockerfile": ONE}

    assert planned(project_of(tmp_path, APP, files)) == {"web": ("components/web/app", "../Dockerfile")}


def test_two_different_files_are_a_mistake_that_says_how_to_name_either(tmp_path: Path) -> None:
    files = {"components/web/Dockerfile": ONE, "components/web/app/Dockerfile": f"{OTHER}ARG PORT\nEXPOSE $PORT\n"}
    component = component_py('name="web", context="app", args={"PORT": 80}')

    ((problem, hint),) = told(tmp_path, component, files=files)

    both = "components/web/Dockerfile and components/web/app/Dockerfile"
    assert problem == f"{IMAGE_LINE}: dockerfile: {both} are different files: either may be meant"
    assert hint == "write dockerfile='../Dockerfile' for the first one, dockerfile='app/Dockerfile' for the second one"


@pytest.mark.parametrize(
    ("said", "dockerfile", "base"),
    [("../Dockerfile", "../Dockerfile", "busybox:1.36"), ("app/Dockerfile", "Dockerfile", "busybox:1.37")],
)
def test_both_ways_to_name_either_are_understood(tmp_path: Path, said: str, dockerfile: str, base: str) -> None:
    component = component_py(f'name="web", context="app", dockerfile="{said}"')
    root = project_of(tmp_path, component, {"components/web/Dockerfile": ONE, "components/web/app/Dockerfile": OTHER})

    assert planned(root) == {"web": ("components/web/app", dockerfile)}
    read = (root / "components/web/app" / dockerfile).read_text(encoding="utf-8")
    assert read == f"FROM {base}\n"


def test_where_neither_is_there_both_places_are_named(tmp_path: Path) -> None:
    component = component_py('name="web", context="app", dockerfile="prod.Dockerfile"')

    (problem,) = mistakes(tmp_path, component, files={"components/web/app/main.c": ""})

    assert str(problem) == (
        f"{IMAGE_LINE}: dockerfile: there is neither components/web/prod.Dockerfile nor "
        "components/web/app/prod.Dockerfile"
    )
    assert problem.hint == "did you mean 'Dockerfile'?"


def test_a_file_outside_of_the_project_is_never_what_is_meant(tmp_path: Path) -> None:
    write(tmp_path / "Dockerfile", ONE)
    component = component_py('name="web"', more='relative_to="project", context="src", dockerfile="../Dockerfile"')
    root = project_of(tmp_path / "project", component, {"Dockerfile": OTHER, "src/main.c": ""})

    assert planned(root) == {"web": ("src", "../Dockerfile")}
