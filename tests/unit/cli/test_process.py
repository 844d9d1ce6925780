"""The command line as a user meets it, without an engine."""

import json
import os
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pytest

import bake_compiler
from tests.fakes import command
from tests.fakes.project import component, write, write_project
from tests.fakes.registry import FakeRegistry, Fault

PROJECT = Path(__file__).parents[2] / "golden" / "full"


def bakec(*words: str, path: str = os.defpath) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": path, "HOME": "/nonexistent", "NO_COLOR": "1"}
    return command.bakec(*words, cwd=PROJECT, env=environment)


def test_the_version_is_the_packages_own() -> None:
    ended = bakec("--version")

    assert (ended.returncode, ended.stdout) == (0, f"bakec {version('bakec')}\n")
    assert bake_compiler.__version__ == version("bakec")


def test_whoever_imports_the_package_pays_neither_for_models_nor_for_its_version() -> None:
    program = "import sys, bake_compiler; print({'pydantic', 'importlib.metadata'} & sys.modules.keys())"

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ended.stdout == "set()\n"


IMPORTED = (
    "import sys; sys.argv[0] = 'bakec'; from bake_compiler.cli import main; main(); print(*sys.modules, sep='\\n')"
)


def imported_by(root: Path, *words: str) -> set[str]:
    """The packages that a command imports."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *words], cwd=root, capture_output=True, text=True, check=True
    )
    return {module.partition(".")[0] for module in done.stdout.splitlines()}


def test_help_needs_no_package_but_bakec_itself() -> None:
    modules = imported_by(PROJECT, "--help")

    assert {"bake_compiler", "sys"} <= modules
    assert {"typer", "pydantic", "jinja2", "rich", "asyncio"}.isdisjoint(modules)
    assert bakec("-h").stdout == bakec("--help").stdout
    assert "\n  compile " in bakec("--help").stdout


def test_a_compile_from_scratch_imports_models_and_template_and_nothing_that_other_verbs_need(tmp_path: Path) -> None:
    modules = imported_by(write_project(tmp_path, {"web": component('name="web"')}), "compile")

    assert (tmp_path / "docker-bake.hcl").is_file()
    assert {"pydantic", "jinja2"} <= modules
    assert {"typer", "rich", "asyncio", "aiohttp", "hcl2", "lark", "isal"}.isdisjoint(modules)


@pytest.mark.parametrize("platform", ["amd64,arm46", "", "amd64,", "s390x"])
def test_an_unknown_empty_or_undeclared_platform_is_never_a_silent_native_build(platform: str) -> None:
    ended = bakec("build", "all", "--platform", platform)

    assert ended.returncode == 2
    assert ended.stderr.startswith("error: ")
    assert "\n hint: " in ended.stderr
    assert ended.stdout == ""


def test_an_unknown_selector_is_a_usage_error_that_names_the_nearest() -> None:
    ended = bakec("build", "wbe")

    assert ended.returncode == 2
    assert "'web'" in ended.stderr


def test_the_plan_is_a_document_on_stdout() -> None:
    document = json.loads(bakec("plan", "web", "--json", "--tag", "9").stdout)

    assert document["schema"] == "bakec.plan/1"
    assert [image["references"][0] for image in document["images"]] == [
        "harbor.example:8443/team/stack/web:9",
        "harbor.example:8443/team/stack/web-init:9",
    ]
    assert {each["reason"] for each in document["excluded"]} == {"as the hub"}


def test_without_an_engine_the_emulation_map_says_that_it_takes_this_machine() -> None:
    document = json.loads(bakec("plan", "--emulation", "--json").stdout)

    assert (document["schema"], document["native_told_by"]) == ("bakec.emulation/1", "this machine")
    assert "the builder does not say what it is" in bakec("plan", "--emulation").stdout


def test_what_would_be_emulated_on_another_machine_is_asked_of_nobody() -> None:
    document = json.loads(bakec("plan", "--emulation", "--build-platform", "arm64,amd64", "--json").stdout)

    assert (document["native"], document["runs"]) == (["linux/amd64", "linux/arm64"], [])


@pytest.mark.parametrize(
    "words",
    [("plan",), ("plan", "--why", "web"), ("plan", "--emulation", "--build-platform", "amd64"), ("compile",)],
    ids=["plan", "why", "emulation", "compile"],
)
def test_a_warning_is_told_on_stderr_and_in_the_document(tmp_path: Path, words: tuple[str, ...]) -> None:
    write_project(tmp_path, {"web": component('name="web"')})
    write(tmp_path / "components/web/Dockerfile", "FROM a\nARG BUILDARCH=amd64\n")

    ended = bakec(*words, "--json", "--project", str(tmp_path))

    assert ended.returncode == 0
    (warning,) = json.loads(ended.stdout)["warnings"]
    assert (warning["file"], warning["line"], warning["field"]) == ("components/web/Dockerfile", 2, "")
    assert warning["hint"].startswith("write ARG BUILDARCH; ")
    assert f"warning: components/web/Dockerfile:2: {warning['message']}\n hint: {warning['hint']}\n" in ended.stderr


def test_a_stale_file_fails_the_check_with_a_diff_and_is_not_written(tmp_path: Path) -> None:
    stale = tmp_path / "docker-bake.hcl"
    stale.write_text("# edited by hand\n")

    ended = bakec("compile", "--check", "-o", str(stale))

    assert ended.returncode == 3
    assert "-# edited by hand" in ended.stdout
    assert stale.read_text() == "# edited by hand\n"


def test_a_machine_without_docker_is_told_before_anything_is_built(tmp_path: Path) -> None:
    ended = bakec("build", "all", path=str(tmp_path))

    assert ended.returncode == 7
    assert "docker" in ended.stderr


def test_a_directory_without_a_project_is_a_usage_error(tmp_path: Path) -> None:
    ended = bakec("plan", "--project", str(tmp_path))

    assert ended.returncode == 2
    assert "components/project.py" in ended.stderr


def test_the_graph_is_a_document_too() -> None:
    document = json.loads(bakec("graph", "--format", "json").stdout)

    assert document["schema"] == "bakec.graph/1"
    needs = {image["name"]: image["needs"] for phase in document["phases"] for image in phase["images"]}
    assert needs == {"hub": [], "web": ["hub"], "web-init": ["hub"]}


@pytest.mark.parametrize(("form", "begins"), [("mermaid", "---\n"), ("dot", "digraph"), ("svg", "<svg")])
def test_the_graph_is_drawn_in_each_form(form: str, begins: str) -> None:
    assert bakec("graph", "-f", form).stdout.startswith(begins)


def test_why_an_image_is_as_it_is_can_be_read_by_a_program_and_a_person() -> None:
    document = json.loads(bakec("plan", "--why", "web", "--json").stdout)

    assert (document["needs"], document["component"]) == (["hub"], "web")
    assert {each["field"]: each["by"] for each in document["said"]}["args"] == "its component"
    told = bakec("plan", "--why", "web").stdout
    assert "needs hub; needed by none" in told
    assert "args: its component says so, components/web/component.py:5" in told


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_verification_says_so_and_ends_at_once(ending: signal.Signals, tmp_path: Path) -> None:
    registry = FakeRegistry()
    registry.push_image("acme/web", "1", ("linux/amd64",))
    registry.faults.append(Fault(delay=5.0))
    with registry.serve() as host:
        argv = [sys.executable, "-m", "bake_compiler", "verify", f"{host}/acme/web:1", "--deep"]
        running = subprocess.Popen(
            argv, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        while not registry.requests:
            time.sleep(0.01)
        running.send_signal(ending)
        out, err = running.communicate(timeout=4)

    assert running.returncode == 130
    assert out == ""
    assert err.startswith("error: interrupted")
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("r.test/web:1", "backend"), "REFERENCE can't be combined with SELECTOR"),
        (("r.test/web:1", "--run"), "--run can't be combined with REFERENCE"),
        (("r.test/web:1", "--var", "A=1"), "--var can't be combined with REFERENCE"),
        (("r.test/Web:1",), "is not a repository"),
        (("r.test/web@sha256:1",), "is not a digest"),
        (("r.test/web:1", "--platform", "arm46"), "did you mean 'arm64'?"),
        (("--release", "absent.json"), "absent.json: No such file"),
        (("all", "--release", "absent.json"), "SELECTOR can't be combined with --release"),
    ],
)
def test_what_can_not_be_verified_is_a_usage_error_before_any_registry_is_asked(
    words: tuple[str, ...], told: str
) -> None:
    ended = bakec("verify", *words)

    assert ended.returncode == 2
    assert told in ended.stderr
    assert "\n hint: " in ended.stderr
