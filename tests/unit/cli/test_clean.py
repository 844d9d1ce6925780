"""bakec clean as a person types it, against a registry on a socket."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes import command
from tests.fakes.images import attestation_of, image_of, index_of
from tests.fakes.project import PROJECT, component, write_project
from tests.fakes.registry import Deletes, FakeRegistry, Fault

STATEMENT = json.dumps({"predicate": {"metadata": {"buildFinishedOn": "2020-01-01T00:00:00Z"}}}).encode()


@pytest.fixture
def fake() -> FakeRegistry:
    fake = FakeRegistry()
    fake.deletes = Deletes.MANIFESTS
    image = image_of("linux/amd64")
    old = index_of(image, attestation_of(image, statement=STATEMENT))
    fake.push("hub", "staged-1", old)
    fake.push("web", "staged-2", old)
    fake.push("hub", "staged-3", index_of("linux/amd64"))
    for tag in ("1.0", "1.0-dev"):
        fake.push("hub", tag, index_of(image, attestation_of(image, statement=STATEMENT), annotations={"is": tag}))
    fake.push(
        "hub", "staged-4", index_of(image, attestation_of(image, statement=STATEMENT), annotations={"is": "1.0-dev"})
    )
    return fake


@pytest.fixture
def host(fake: FakeRegistry) -> Iterator[str]:
    with fake.serve() as host:
        yield host


@pytest.fixture
def project(tmp_path: Path) -> Path:
    variants = PROJECT.replace("    phases", '    variants=[Variant(name="dev", images=["hub"])],\n    phases')
    return write_project(
        tmp_path,
        {"hub": component('name="hub"'), "web": component('name="web"')},
        project=variants.replace("import Phase, Project", "import Phase, Project, Variant"),
    )


def bakec(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.defpath, "HOME": "/nonexistent", "NO_COLOR": "1"}
    return command.bakec("clean", *words, cwd=root, env=environment)


def test_it_is_said_first_and_done_when_told_so(project: Path, fake: FakeRegistry, host: str) -> None:
    words = ("--staged", "--older-than", "7d", "--registry", host)

    said = bakec(project, *words)

    assert said.returncode == 0, said.stderr
    assert said.stdout.endswith("4 content tags: 2 would go, 2 stay\nnothing was removed: --delete does it\n")
    assert fake.tag("hub", "staged-1")

    assert "1.0-dev names it: the next build asks for it" in said.stdout

    done = bakec(project, *words, "--delete", "--json")

    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["schema"], document["deleted"], document["errors"]) == ("bakec.clean/1", True, [])
    assert {each["tag"].partition("/")[2]: each["removed"] for each in document["staged"]} == {
        "hub:staged-1": True,
        "hub:staged-3": False,
        "hub:staged-4": False,
        "web:staged-2": True,
    }
    assert sorted(fake.repositories["hub"].tags) == ["1.0", "1.0-dev", "staged-3", "staged-4"]


def test_a_registry_that_removes_nothing_ends_it_with_5(project: Path, fake: FakeRegistry, host: str) -> None:
    fake.deletes = Deletes.NOTHING

    done = bakec(project, "hub", "--staged", "--older-than", "7d", "--registry", host, "--delete")

    assert done.returncode == 5
    assert done.stdout.endswith("3 content tags: 1 not removed, 2 stay\n")
    error, hint = done.stderr.splitlines()
    assert error == f"error: {host}/hub:staged-1 is still there: the registry removes nothing"
    assert hint.startswith(" hint: ask the registry's owner to allow deletion")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--older-than", "7d"), "bakec clean needs --staged or --journals: else nothing is named to clean"),
        (("--staged",), "bakec clean needs --older-than"),
        (("--staged", "--older-than", "7"), "'7' is no age"),
        (("--staged", "--older-than", "0d"), "'0d' is no age"),
        (("--staged", "--older-than", "-1d"), "'-1d' is no age"),
        (("--staged", "--older-than", "7d", "absent"), "absent"),
    ],
)
def test_a_wrong_word_removes_nothing_and_ends_with_2(project: Path, words: tuple[str, ...], said: str) -> None:
    done = bakec(project, *words, "--delete")

    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 2


def test_journals_need_no_registry(project: Path) -> None:
    done = bakec(project, "--journals", "--older-than", "90d", "--delete", "--json")

    assert (done.returncode, json.loads(done.stdout)["journals"]) == (0, [])


def test_an_interruption_is_told_with_130(project: Path, fake: FakeRegistry, host: str) -> None:
    fake.faults.append(Fault(path="/tags/list", delay=2.0))
    words = ("clean", "--staged", "--older-than", "7d", "--registry", host, "--delete")
    environment = {"PATH": os.defpath, "HOME": "/nonexistent"}
    argv = [sys.executable, "-m", "bake_compiler", *words]
    with subprocess.Popen(argv, cwd=project, env=environment, stderr=subprocess.PIPE, text=True) as running:
        while not fake.requests:
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate()

    assert running.returncode == 130
    assert said.splitlines() == [
        "error: interrupted: some of what could go may be gone",
        " hint: run it again: it goes on where it was",
    ]
    assert fake.tag("hub", "staged-1")
