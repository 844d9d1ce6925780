"""What a cold review of the compiler found, each made to happen again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bake_compiler import Expr, Join, Var
from bake_compiler.bakefile.render import expression
from bake_compiler.errors import ModelError
from bake_compiler.project.planned import plan_part, plan_project
from bake_compiler.verbs.compile.run import compile_plan, refuse_stale
from tests.fakes import command
from tests.fakes.limits import no_room
from tests.fakes.project import PROJECT, component, write, write_project

MANY = """\
from bake_compiler import Component, Image

component = Component(phase="first", images=[Image(name=f"i{number}") for number in range(110)])
"""


def large(root: Path, **components: str) -> Path:
    """A compiled project whose file is a large one."""
    write_project(root, {"many": MANY, **components})
    write(root / "docker-bake.hcl", compile_plan(root, plan_project(root)))
    return root


def bakec(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`bakec` in a project, to its end."""
    return command.bakec(*words, cwd=root, env=os.environ)


def mistakes(root: Path) -> list[str]:
    with pytest.raises(ModelError) as caught:
        plan_project(root)
    return [problem.message for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Join("$", "{TAG}"), '"$${TAG}"'),
        (Join("a$", "", Var("TAG")), '"a${"$"}${TAG}"'),
        (Join("$$", Var("TAG")), '"${"$$"}${TAG}"'),
        (Join("%", "{if}"), '"%%{if}"'),
        (Join("a", Join("$", Var("TAG"), "$"), Expr("TAG")), '"a${"$"}${TAG}${"$"}${TAG}"'),
    ],
    ids=["opener", "empty", "dollars", "percent", "nested"],
)
def test_texts_that_meet_in_a_join_stay_texts(value: Join, written: str) -> None:
    assert expression(value) == written


def test_a_selector_that_means_a_component_and_an_image_means_both_in_a_large_project(tmp_path: Path) -> None:
    root = large(tmp_path, web=component('name="web"', 'name="web-init"'))

    assert plan_part(root, ["web"]) is None
    part = plan_part(root, ["web-init"])
    assert part is not None
    assert [image.name for image in part.images] == ["web-init"]


def test_an_image_that_moved_to_another_component_is_looked_for_in_all_of_them(tmp_path: Path) -> None:
    root = large(tmp_path, web=component('name="web"'), api=component('name="api"'))
    write(root / "components/web/component.py", component('name="other"'))
    write(root / "components/api/component.py", component('name="api"', 'name="web"'))

    assert plan_part(root, ["web"]) is None


@pytest.mark.parametrize(
    "added",
    ['target "i7" { no-cache = true }\n', 'TAG = "evil"\n', 'target "i7" {\n  pull = true\n}\n', "target i7 {\n}\n"],
    ids=["line", "attribute", "block", "bare"],
)
def test_whatever_is_added_to_a_large_file_is_refused(tmp_path: Path, added: str) -> None:
    root = large(tmp_path)
    plan = plan_project(root)
    refuse_stale(root, plan, [plan.image("i7")])
    with (root / "docker-bake.hcl").open("a") as file:
        file.write(added)

    with pytest.raises(ModelError, match=r"docker-bake\.hcl is not what the models say"):
        refuse_stale(root, plan, [plan.image("i7")])


def test_a_set_has_no_order_and_is_refused(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"web": component('name="web", cache_from={"a", "b"}')})

    assert mistakes(root) == ["a set has no order"]


@pytest.mark.parametrize("name", ["USER", "AWS_REGION", "BAKE_CMD_CONTEXT", "true"])
def test_a_variable_can_not_have_a_name_that_docker_or_hcl_knows(tmp_path: Path, name: str) -> None:
    project = PROJECT.replace("Phase, Project", "Phase, Project, Variable").replace(
        "phases=", f'variables=[Variable(name="{name}", default="x")], phases='
    )

    assert mistakes(write_project(tmp_path, {"web": component('name="web"')}, project=project)) == [
        f"{name!r} has a meaning of its own, to docker, to buildx or to HCL"
    ]


def test_a_function_can_not_have_the_name_of_one_that_bake_has(tmp_path: Path) -> None:
    project = PROJECT.replace("Phase, Project", "Expr, Function, Phase, Project").replace(
        "phases=", 'functions=[Function(name="upper", result=Expr("1"))], phases='
    )

    assert mistakes(write_project(tmp_path, {"web": component('name="web"')}, project=project)) == [
        "'upper' is a function, and also a function of bake's own"
    ]


@pytest.mark.parametrize("code", ["raise SystemExit(0)", "import sys; sys.exit()"])
def test_a_model_that_exits_does_not_end_bakec_well(tmp_path: Path, code: str) -> None:
    ended = bakec(write_project(tmp_path, {"web": f"{code}\n"}), "compile")

    assert ended.returncode == 3
    assert "components/web/component.py:1: SystemExit" in ended.stderr


def test_a_matrix_makes_a_group_of_its_component_whose_name_is_taken(tmp_path: Path) -> None:
    tool = component('name="tool", matrix={"v": ["3", "4"]}')
    project = PROJECT.replace("Phase, Project", "Group, Phase, Project").replace(
        "phases=", 'groups=[Group(name="apps", members=["tool-3"])], phases='
    )

    assert mistakes(write_project(tmp_path, {"apps": tool}, project=project)) == [
        "'apps' is a group, and also the group of apps"
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("compile", "--check", "-o", "-"), "--check can't be combined with --output -: it compares a file"),
        (("compile", "--by", "bytes"), "--by needs --check: it says how"),
        (("plan", "--var", "TAG=2"), "no variable 'TAG' to set with --var"),
        (("plan", "--var", "nonsense"), "is not NAME=VALUE"),
        (("compile", "--project", "nowhere"), "nowhere is not a directory"),
    ],
    ids=["check", "by", "tag", "var", "project"],
)
def test_a_command_line_that_contradicts_itself_is_refused(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    ended = bakec(write_project(tmp_path, {"web": component('name="web"')}), *words)

    assert ended.returncode == 2
    assert told in ended.stderr


def test_a_file_that_can_not_be_written_is_told_with_its_name(tmp_path: Path) -> None:
    ended = bakec(write_project(tmp_path, {"web": component('name="web"')}), "compile", "-o", "no/such/file.hcl")

    assert ended.returncode == 1
    assert "no/such/file.hcl: No such file or directory" in ended.stderr


def test_a_bake_file_that_can_not_be_written_is_as_it_was(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"web": component('name="web"')})
    write(root / "docker-bake.hcl", "# as it was")

    with no_room():
        ended = bakec(root, "compile")

    assert (ended.returncode, ended.stderr) == (1, f"error: {root / 'docker-bake.hcl'}: File too large\n")
    assert (root / "docker-bake.hcl").read_text() == "# as it was"


def test_a_model_that_changes_while_it_is_read_is_not_remembered(tmp_path: Path) -> None:
    slow = "from pathlib import Path\n\nPath(__file__).touch()\n" + component('name="web"')
    root = write_project(tmp_path, {"web": slow})

    assert bakec(root, "compile").returncode == 0
    assert not (root / ".bakec/compile.json").exists()


def test_a_module_from_elsewhere_counts_too(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    write(elsewhere / "company_names.py", 'NAME = "web"\n')
    root = write_project(tmp_path / "project", {"web": "from company_names import NAME\n" + component("name=NAME")})
    argv = [sys.executable, "-m", "bake_compiler", "compile"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    environment["PYTHONPATH"] = str(elsewhere)
    for _ in range(2):
        subprocess.run(argv, cwd=root, env=environment, check=True, capture_output=True)
    write(elsewhere / "company_names.py", 'NAME = "shop"\n')

    subprocess.run(argv, cwd=root, env=environment, check=True, capture_output=True)

    assert 'target "shop"' in (root / "docker-bake.hcl").read_text()


def test_none_takes_back_what_the_component_gives(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"web": component('name="web", args={"A": None}', more='    args={"A": "1"},\n')})
    write(root / "components/web/Dockerfile", "FROM scratch\nARG A\n")

    assert plan_project(root).image("web").attributes["args"] == {"A": None}


def test_a_stack_without_components_is_told(tmp_path: Path) -> None:
    (tmp_path / "components").mkdir()
    write(tmp_path / "components/project.py", PROJECT)

    ended = bakec(tmp_path, "plan")

    assert ended.returncode == 2
    assert "acme has no components" in ended.stderr


def test_an_entry_of_a_list_that_is_inherited_anyway_is_not_written_again(tmp_path: Path) -> None:
    """buildx 0.29.1 takes repeated caches out of a list that targets share, and mixes them up."""
    project = PROJECT.replace("Phase, Project", "Phase, Project, Variant").replace(
        "phases=",
        'cache_from=["all"], variants=[Variant(name="dev", images=["web"], cache_from=["own", "new"])], phases=',
    )
    root = write_project(tmp_path, {"web": component('name="web", cache_from=["own", "all", "own"]')}, project=project)

    plan = plan_project(root)

    blocks = {name: plan.image(name).block.attributes.get("cache-from") for name in ("web", "web-dev")}
    assert blocks == {"web": ("own",), "web-dev": ("new",)}
