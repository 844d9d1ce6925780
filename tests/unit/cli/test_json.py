"""stdout with `--json`: one document as its JSON Schema has it, whatever else is asked, and whatever goes wrong."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from bake_compiler.cli.documents import DOCUMENTS, EVERY
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.release.journal import begun
from bake_compiler.release.moves import Move
from bake_compiler.release_file import SCHEMA, ReleasedImage, ReleasedPlatform, ReleaseFile, render_release_file
from tests.fakes.command import bakec
from tests.fakes.documents import document_in, validator
from tests.fakes.images import Made, image_of, index_of
from tests.fakes.project import PROJECT, component, write, write_project
from tests.fakes.registry import FakeRegistry
from tests.fakes.tags import index
from tests.unit.cli.test_documents import leaves

BOTH = ("linux/amd64", "linux/arm64")
BUILDX = """\
#!/bin/sh
case $1 in
version) echo "github.com/docker/buildx v0.29.1 abc" ;;
inspect) printf 'Name: acme\\nDriver: docker-container\\nNodes:\\nName: a\\nStatus: running\\n' ;;
*) echo "ERROR: nothing is built here" >&2; exit 1 ;;
esac
"""
DOCKER = """\
#!/bin/sh
echo '{"ServerVersion": "28.5.2"}'
"""
BUILDER = """
from bake_compiler import Builder, Node
project = project.model_copy(update={"builder": Builder(
    name="acme", driver="remote", nodes=[Node(endpoint="tcp://127.0.0.1:1", platforms=["amd64"])])})
"""


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A project with work for every verb, its registry, and a buildx that builds nothing."""
    for name, text in (("docker", DOCKER), ("cli-plugins/docker-buildx", BUILDX)):
        write(tmp_path / "tools" / name, text).chmod(0o755)
    fake, root = FakeRegistry(), tmp_path / "project"
    for name in ("busybox", "library/redis"):
        fake.push(name, "1.0", index_of(*map(image_of, BOTH)))
    hub = fake.push("hub", "1.0", index_of(*map(image_of, BOTH)))
    with fake.serve() as host:
        external = f'external=[External(name="redis", image="{host}/library/redis:1.0")], phases'
        text = PROJECT.replace("127.0.0.1:5000", host).replace("phases", external)
        text = text.replace("import Phase", "import External, Phase")
        write_project(root, {"hub": component('name="hub"')}, project=text + BUILDER)
        write(root / "components/hub/Dockerfile", f"FROM {host}/busybox:1.0\n")
        write(root / "release.json", render_release_file(released(host, hub)))
        write(root / "gone.json", render_release_file(released(host, index_of(*map(image_of, BOTH), docker=True))))
        with begun(root, "20261125T032722-b80443", [Move(Reference.parse(f"{host}/hub:new"), index("new"), None)]):
            pass
        yield root


def released(host: str, made: Made) -> ReleaseFile:
    """hub as a release."""
    platforms = tuple(
        ReleasedPlatform(platform=Platform.parse(name), digest=child.digest, size=1)
        for name, child in zip(BOTH, made.children, strict=True)
    )
    hub = ReleasedImage(
        name="hub",
        repository=f"{host}/hub",
        tags=(Reference.parse(f"{host}/hub:1.0"),),
        digest=made.digest,
        platforms=platforms,
    )
    return ReleaseFile(schema=SCHEMA, tag="1.0", images=(hub,))


def run(root: Path, call: str) -> CompletedProcess[str]:
    tools = root.parent / "tools"
    env = {"PATH": f"{tools}:{os.defpath}", "HOME": str(root.parent), "DOCKER_CONFIG": str(tools)}
    return bakec(*call.split(), "--json", cwd=root, env=env)


CALLS = (
    "lock",
    "compile",
    "plan",
    "plan --why hub",
    "plan --emulation",
    "graph",
    "build --registry 127.0.0.1:1",
    "build --no-preflight --load --retries 0",
    "report",
    "verify",
    "release diff release.json release.json",
    "release export release.json --format env",
    "release status",
    "release finish",
    "rollback",
    "promote release.json --tag v1",
    "promote gone.json --tag v1",
    "mirror",
    "clean --staged --older-than 1d",
    "doctor",
    "builder up --dry-run",
    "builder ls",
    "builder rm --dry-run",
)
"""One after another: `report` shows what `build` did."""


def test_each_document_of_the_table_comes_from_the_verb_of_the_table(root: Path) -> None:
    verbs = sorted((verb for verb, _ in leaves()), key=len, reverse=True)
    printed: set[tuple[str, str]] = set()
    for call in CALLS:
        ended = run(root, call)
        verb = next(verb for verb in verbs if f"{call} ".startswith(f"{verb} "))
        printed.add((verb, document_in(ended.stdout)["schema"]))
        printed |= {(verb, "bakec.events/1") for line in ended.stderr.splitlines() if line.startswith("{")}

    told = {(verb, each.schema) for each in DOCUMENTS for verb in each.printed_by if verb != EVERY}
    assert printed == told


def test_the_events_of_a_build_are_documents_too(root: Path) -> None:
    run(root, "compile")
    ended = run(root, "build --no-preflight --load --retries 0")

    events = [json.loads(line) for line in ended.stderr.splitlines() if line.startswith("{")]
    assert [event["event"] for event in events] == ["run-began", "attempt-began", "image-ended", "run-ended"]
    for event in events:
        validator("events").validate(event)


NEEDED = {
    "build": "--retries 0",
    "release diff": "release.json release.json",
    "release export": "release.json --format env",
    "promote": "release.json --tag v1",
    "clean": "--staged --older-than 1d",
}
"""What a verb can't be called without, or would wait long without."""

FILES = ("x.json", "x.html", "-", "/proc/no/x")
OUTPUTS = {
    "--output": FILES,
    "--junit": FILES,
    "--release-file": FILES,
    "--format": ("json", "svg", "helm"),
    "--by": ("bytes", "buildx"),
    "--why": ("hub", "web"),
}
"""Options with a value that says what is printed, or where; each flag is walked too."""


def walk() -> Iterator[str]:
    """Each verb: alone, with each of its flags, and with each option of OUTPUTS."""
    for verb, command in leaves():
        plain = f"{verb} {NEEDED.get(verb, '')}".strip()
        yield plain
        for option in command.params:
            names = [name for name in (*option.opts, *option.secondary_opts) if name.startswith("--")]
            if getattr(option, "is_flag", False) and not {"--help", "--json"} & set(names):
                yield from (f"{plain} {name}" for name in names)
            yield from (f"{plain} {name} {value}" for name in names for value in OUTPUTS.get(name, ()))


@pytest.mark.parametrize("call", tuple(walk()))
def test_stdout_is_one_document_or_a_file_has_it(root: Path, call: str) -> None:
    ended = run(root, call)

    assert "bakec itself is at fault" not in ended.stderr
    text = ended.stdout or next(root.glob("x.*")).read_text(encoding="utf-8")
    document = document_in(text)
    assert document.get("exit_code", ended.returncode) == ended.returncode
    assert ended.stdout or not ended.returncode


MISTAKE = component('name="hub", context="nowhere"')


@pytest.mark.parametrize(
    "call",
    ["compile", "plan", "lock", "graph", "build", "verify", "mirror", "clean --staged --older-than 1d", "doctor"],
)
def test_a_mistake_in_the_models_is_data_with_its_file_line_and_field(root: Path, call: str) -> None:
    write(root / "components/hub/component.py", MISTAKE)

    ended = run(root, call)

    assert ended.returncode == 3
    assert document_in(ended.stdout) == {
        "schema": "bakec.error/1",
        "exit_code": 3,
        "message": "1 mistake in components/",
        "hint": "nothing was written or built",
        "problems": [
            {
                "file": "components/hub/component.py",
                "line": 6,
                "field": "context",
                "message": "components/hub/nowhere is not a directory",
                "hint": "",
            }
        ],
    }
    assert "error: components/hub/component.py:6: context: components/hub/nowhere is not a directory" in ended.stderr


@pytest.mark.parametrize(
    ("path", "text", "place"),
    [
        ("bakec.lock", "version = 1\n", ("components/hub/Dockerfile", 1, "")),
        ("bakec.lock", "version = 1\n\n<<<<<<<\n", ("bakec.lock", 3, "")),
        ("bakec.lock", "version = 1\nbase = 7\n", ("bakec.lock", 0, "base")),
        ("docker-bake.hcl.j2", "{{ plan.name }}\n{% if %}\n", ("docker-bake.hcl.j2", 2, "")),
    ],
)
def test_a_mistake_in_another_file_is_data_too(root: Path, path: str, text: str, place: tuple[str, int, str]) -> None:
    write(root / path, text)

    ended = run(root, "compile")

    (problem,) = document_in(ended.stdout)["problems"]
    assert (ended.returncode, problem["file"], problem["line"], problem["field"]) == (3, *place)
    assert problem["message"] in ended.stderr


@pytest.mark.parametrize(
    ("call", "code", "message", "hint"),
    [
        ("plan nowhere", 2, "'nowhere'", ""),
        ("plan --nowhere", 2, "--nowhere", "see `bakec plan --help`"),
        ("build --jobs many", 2, "'--jobs'", "see `bakec build --help`"),
        ("promote release.json", 2, "--tag", "see `bakec promote --help`"),
        ("release nowhere", 2, "nowhere", "see `bakec release --help`"),
        ("nowhere", 2, "nowhere", "see `bakec --help`"),
        ("builder up", 7, "nothing is built here", "run it again"),
        ("graph -o /proc/no/x.json", 1, "/proc/no/x.json", ""),
        ("plan --debug --nowhere", 2, "--nowhere", ""),
    ],
)
def test_every_other_error_is_a_document_too(root: Path, call: str, code: int, message: str, hint: str) -> None:
    ended = run(root, call)

    document = document_in(ended.stdout)
    assert (ended.returncode, document["exit_code"], document["schema"]) == (code, code, "bakec.error/1")
    assert message in document["message"]
    assert hint in document["hint"]
    assert document["message"] in ended.stderr


@pytest.mark.parametrize(
    ("raises", "code", "message"),
    [("KeyboardInterrupt", 130, "interrupted"), ("MemoryError", 3, "1 mistake in components/")],
)
def test_an_interrupted_command_prints_a_document(root: Path, raises: str, code: int, message: str) -> None:
    write(root / "components/hub/component.py", f"raise {raises}\n")

    ended = run(root, "plan")

    document = document_in(ended.stdout)
    assert (ended.returncode, document["exit_code"], document["message"]) == (code, code, message)


def test_an_error_after_the_document_adds_no_second_one(root: Path) -> None:
    write(root / "docker-bake.hcl", "# edited by hand\n")

    ended = run(root, "compile --check --by bytes")

    assert (ended.returncode, document_in(ended.stdout)["schema"]) == (3, "bakec.compile/1")
    assert "docker-bake.hcl is stale" in ended.stderr


def test_json_after_two_dashes_is_no_option(root: Path) -> None:
    tools = root.parent / "tools"

    ended = bakec("plan", "--", "--json", cwd=root, env={"PATH": os.defpath, "DOCKER_CONFIG": str(tools)})

    assert (ended.returncode, ended.stdout) == (2, "")


def test_debug_adds_a_traceback_to_the_mistakes_and_keeps_the_exit_code(root: Path) -> None:
    write(root / "components/hub/component.py", MISTAKE)

    ended = run(root, "plan --debug")

    assert ended.returncode == 3
    mistake, traceback = ended.stderr.split("Traceback (most recent call last):")
    assert mistake.startswith(
        "error: components/hub/component.py:6: context: components/hub/nowhere is not a directory\n"
    )
    assert "ModelError: 1 mistake in components/" in traceback


PRINTS = """\
import os, subprocess, sys
print("by print")
sys.stdout.write("by write\\n")
sys.__stdout__.write("by the first stdout\\n")
os.write(1, b"by descriptor\\n")
subprocess.run(["echo", "by a program"], check=True)
"""


def test_nothing_that_a_component_prints_reaches_stdout(root: Path) -> None:
    path = root / "components/hub/component.py"
    write(path, PRINTS + path.read_text(encoding="utf-8"))
    argv = [sys.executable, "-m", "bake_compiler", "plan", "--json"]

    ended = subprocess.run(argv, cwd=root, capture_output=True, text=True, check=True)

    assert document_in(ended.stdout)["schema"] == "bakec.plan/1"
    told = {"by print", "by write", "by the first stdout", "by descriptor", "by a program"}
    assert {line for line in ended.stderr.splitlines() if line.startswith("by ")} == told


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    ("words", "code"), [("plan nowhere --json", 2), ("plan --json", 1), ("graph", 1), ("--help", 1)]
)
def test_output_that_can_not_be_written_is_never_a_success_and_keeps_the_exit_code(
    words: str, code: int, unbuffered: str, root: Path
) -> None:
    argv = [sys.executable, "-m", "bake_compiler", *words.split()]
    env = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        ended = subprocess.run(argv, cwd=root, env=env, stdout=full, stderr=subprocess.PIPE, text=True, check=False)

    assert ended.returncode == code
    assert ended.stderr.count("error: ") == 1
