from pathlib import Path

import pytest

from bake_compiler.errors import ModelError, Problem, UsageError
from bake_compiler.model import Stack
from bake_compiler.project.loader import load
from bake_compiler.project.planned import plan_project
from bake_compiler.project.root import find_root
from tests.fakes.project import COMPONENT, PROJECT, component, write, write_project


def mistakes_in(root: Path) -> tuple[Problem, ...]:
    """What is wrong with a project, as its author reads it."""
    with pytest.raises(ModelError) as caught:
        plan_project(root)
    return caught.value.problems


def loaded(root: Path) -> Stack:
    """The stack of a project that has no mistakes in its files."""
    found = load(root)
    assert found.stack is not None, found.mistakes
    return found.stack


def lines_of(root: Path) -> list[str]:
    return [str(problem) for problem in mistakes_in(root)]


def test_a_sound_project_loads_with_its_components_by_folder(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"web": COMPONENT, "api": component('name="api"')})

    stack = loaded(root)

    assert stack.project.name == "acme"
    assert {name: model.images[0].name for name, model in stack.components.items()} == {"web": "web", "api": "api"}


def test_every_mistake_in_every_file_is_told_at_once_with_its_line_and_field(tmp_path: Path) -> None:
    root = write_project(
        tmp_path,
        {
            "web": component('name="Web"', 'name="good",\n              colour="red"'),
            "api": component('name="api"', more='    args={\n        "A": "1",\n        "no-name": "2",\n    },\n'),
        },
        project=PROJECT.replace('tag="1.0"', 'tag="no tag"'),
    )

    problems = mistakes_in(root)

    assert [(problem.file, problem.line, problem.field) for problem in problems] == [
        ("components/api/component.py", 7, "args.no-name.[key]"),
        ("components/project.py", 6, "tag"),
        ("components/web/component.py", 6, "name"),
        ("components/web/component.py", 8, "colour"),
    ]
    assert "no such field" in problems[3].message


def test_the_error_counts_the_mistakes_and_says_that_nothing_happened(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"web": component('name="Web"', 'name="API"')})

    with pytest.raises(ModelError, match=r"^2 mistakes in components/$") as caught:
        plan_project(root)

    assert caught.value.hint == "nothing was written or built"
    assert caught.value.exit_code == 3


def test_a_field_inside_a_dict_is_found_on_its_own_line(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"web": component('name="web"', more='    labels={\n        "a": 7,\n    },\n')})

    assert [(problem.line, problem.field) for problem in mistakes_in(root)] == [(6, "labels.a")]


def test_an_inner_model_given_as_a_dict_is_told_its_class_on_its_own_line(tmp_path: Path) -> None:
    text = 'from bake_compiler import Component\n\ncomponent = Component(\n    phase="first",\n    images=[\n'
    text += '        {"name": "web"},\n    ],\n)\n'

    assert lines_of(write_project(tmp_path, {"web": text})) == [
        "components/web/component.py:6: images.0: must be an Image, and is a dict"
    ]


@pytest.mark.parametrize(
    ("fields", "told", "hint"),
    [
        ('needs="base"', "needs: must be a list, and is a text", "write it in brackets: […]"),
        ('matrix={"py": "3.14"}', "matrix.py: must be a list, and is a text", "write it in brackets: […]"),
        ('ssh=Ssh(id="git")', "ssh: must be a list, and is a Ssh", "write it in brackets: […]"),
        ('secret=["TOKEN"]', "secret.0: must be a Secret, and is a text", "write Secret(…)"),
        ('args=["PORT=1"]', "args: must be a dict, and is a list", ""),
        ('args={"PORT": 0.5}', "args.PORT: must be a text, an int or a Var, Join or Expr, and is a float", ""),
        (
            'args={"DEBUG": True}',
            "args.DEBUG: True is not a text; write the text that the Dockerfile expects: 'true', '1' …",
            "",
        ),
        ('labels={"port": 80}', "labels.port: must be a text or a Var, Join or Expr, and is an int", ""),
        ('pull="yes"', "pull: must be True or False or a Var, Join or Expr, and is a text", ""),
        ('description=["x"]', "description: must be a text, and is a list", ""),
        ('call="lint"', "call: must be 'build', 'check', 'outline' or 'targets'", ""),
        (
            'platforms=Only(platforms=[64], reason="x")',
            "platforms.0: must be a platform such as 'linux/amd64', and is an int",
            "",
        ),
        ('platforms=Only(platforms=[], reason="x")', "platforms: must not be empty", ""),
        ('platforms=Only(platforms=["amd64"], reason="")', "reason: must not be empty", ""),
        ('platforms=Only(platforms=["amd64"])', "reason: is missing", ""),
    ],
)
def test_a_value_of_a_wrong_type_is_told_in_words_that_name_what_stands_there(
    tmp_path: Path, fields: str, told: str, hint: str
) -> None:
    text = component(f'name="web", {fields}').replace("import Component, Image", "import *")

    problems = mistakes_in(write_project(tmp_path, {"web": text}))

    assert [(str(problem), problem.hint) for problem in problems] == [(f"components/web/component.py:6: {told}", hint)]


def test_an_int_is_an_arg_of_its_digits(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"web": component('name="web", args={"PORT": 8080}')})
    write(root / "components/web/Dockerfile", "FROM busybox:1.37\nARG PORT\nEXPOSE $PORT\n")

    (web,) = plan_project(root).images

    assert web.attributes["args"] == {"PORT": "8080"}


@pytest.mark.parametrize("line", ["from bakec import Component", "import bakec", "from bakec.model import Image"])
def test_who_imports_bakec_learns_what_the_package_is_called(tmp_path: Path, line: str) -> None:
    (problem,) = mistakes_in(write_project(tmp_path, {"web": f"{line}\n"}))

    assert str(problem) == "components/web/component.py:1: ModuleNotFoundError: No module named 'bakec'"
    assert problem.hint == "the package is called bake_compiler: write `from bake_compiler import …`"


@pytest.mark.parametrize(
    ("text", "field", "hint"),
    [
        (component('name="web", stagee="build"'), "stagee", "did you mean 'stage'?"),
        (component('name="web"', more='    contxt=".",\n'), "contxt", "did you mean 'context'?"),
        (component('name="web"', phase="frist"), "phase", "did you mean 'first'?"),
        (component('name="web"', 'name="api", needs=["wep"]'), "needs", "did you mean 'web'?"),
        (component('name="web"', phase="middle"), "phase", "known are first, last"),
    ],
)
def test_a_misspelt_word_is_answered_with_the_word_that_was_meant(
    tmp_path: Path, text: str, field: str, hint: str
) -> None:
    problems = mistakes_in(write_project(tmp_path, {"web": text}))

    assert [(problem.field, problem.hint) for problem in problems] == [(field, hint)]


def test_a_syntax_error_names_its_line_and_does_not_hide_other_mistakes(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"api": "wrong = 1\ncomponent = = 2\n", "web": component('name="Web"')})

    first, second = mistakes_in(root)

    assert (first.file, first.line) == ("components/api/component.py", 2)
    assert first.message.startswith("not valid Python: ")
    assert second.field == "name"


def test_an_exception_in_a_model_file_is_told_with_the_line_that_raised(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"web": "def f():\n    return 1 / 0\n\ncomponent = f()\n"})

    assert lines_of(root) == ["components/web/component.py:2: ZeroDivisionError: division by zero"]


def test_a_file_without_a_component_is_told_what_to_write(tmp_path: Path) -> None:
    (problem,) = mistakes_in(write_project(tmp_path, {"web": "wrong = 1\n"}))

    assert str(problem) == "components/web/component.py: component: the file does not define a Component"
    assert problem.hint == "write `component = Component(…)`"


def test_a_project_file_without_a_project_is_told(tmp_path: Path) -> None:
    (problem,) = mistakes_in(write_project(tmp_path, {"web": COMPONENT}, project="project = 1\n"))

    assert str(problem) == "components/project.py: project: the file does not define a Project"


def test_a_folder_with_a_dockerfile_and_no_model_is_not_forgotten(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"web": COMPONENT})
    write(root / "components/gitea/Dockerfile.prod", "FROM scratch\n")

    (problem,) = mistakes_in(root)

    assert str(problem) == "components/gitea: Dockerfile.prod here, but no component.py: nothing would build it"


def test_folders_without_build_inputs_or_hidden_ones_are_nobodys_business(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"web": COMPONENT})
    for folder in ("docs", ".git", "_old", "__pycache__"):
        write(root / f"components/{folder}/notes.txt", "x")
    write(root / "components/_old/Dockerfile", "FROM scratch\n")

    assert list(loaded(root).components) == ["web"]


def test_a_missing_dockerfile_is_found_and_the_one_that_is_there_suggested(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"web": component('name="web", dockerfile="Dockerfil"')})

    (problem,) = mistakes_in(root)

    assert str(problem) == ("components/web/component.py:6: dockerfile: components/web/Dockerfil is not there")
    assert problem.hint == "did you mean 'Dockerfile'?"


def test_a_missing_context_is_found(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"web": component('name="web"', more='    context="src",\n')})

    assert lines_of(root) == ["components/web/component.py:5: context: components/web/src is not a directory"]


def test_a_project_relative_component_finds_its_inputs_from_the_root(tmp_path: Path) -> None:
    more = '    relative_to="project",\n    dockerfile="docker/web",\n'
    root = write_project(tmp_path, {"web": component('name="web"', more=more)})
    write(root / "docker/web", "FROM scratch\n")

    assert plan_project(root).image("web").attributes["dockerfile"] == "docker/web"


def test_model_files_may_import_what_lies_in_the_project(tmp_path: Path) -> None:
    write(tmp_path / "shared_of_acme_one.py", 'NAME = "web"\n')
    text = "from shared_of_acme_one import NAME\n" + component("name=NAME")

    stack = loaded(write_project(tmp_path, {"web": text}))

    assert stack.components["web"].images[0].name == "web"


def test_the_root_is_found_from_any_folder_inside(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"web": COMPONENT})

    assert find_root(root / "components/web") == root


def test_outside_of_a_project_the_hint_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no components/project\.py") as caught:
        find_root(tmp_path)

    assert "--project DIR" in caught.value.hint
