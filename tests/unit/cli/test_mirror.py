"""bakec mirror as a person types it, between two registries on sockets; also killed in the middle."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bake_compiler.oci.digest import Digest
from tests.fakes import command
from tests.fakes.images import Made, image_of, index_of
from tests.fakes.project import PROJECT, component, write_project
from tests.fakes.registry import FakeRegistry, Fault

ENVIRONMENT = {"PATH": os.defpath, "HOME": "/nonexistent", "NO_COLOR": "1"}
BOTH = ("linux/amd64", "linux/arm64")


@pytest.fixture
def vendor() -> FakeRegistry:
    return FakeRegistry()


@pytest.fixture
def home() -> FakeRegistry:
    return FakeRegistry()


@pytest.fixture
def postgres(vendor: FakeRegistry) -> Made:
    images = (image_of(each, layers=(bytes(range(256)) * 4096 + each.encode(), each.encode())) for each in BOTH)
    return vendor.push("library/postgres", "15", index_of(*images, attested=True))


@pytest.fixture
def host(home: FakeRegistry) -> Iterator[str]:
    with home.serve() as host:
        yield host


@pytest.fixture
def project(tmp_path: Path, vendor: FakeRegistry) -> Iterator[Path]:
    with vendor.serve() as far:
        external = "".join(
            f'External(name="{name}", image="{far}/library/{name}:{tag}"), '
            for name, tag in (("postgres", "15"), ("redis", "7"))
        )
        text = PROJECT.replace("import Phase", "import External, Phase")
        yield write_project(tmp_path, {}, project=text.replace("    phases", f"    external=[{external}],\n    phases"))


def argv(host: str, *words: str) -> list[str]:
    return [sys.executable, "-m", "bake_compiler", "mirror", *words, "--registry", f"{host}/team"]


def bakec(root: Path, host: str, *words: str) -> subprocess.CompletedProcess[str]:
    return command.bakec("mirror", *words, "--registry", f"{host}/team", cwd=root, env=ENVIRONMENT)


def test_what_is_mirrored_is_told_on_stdout_and_its_progress_on_stderr(
    project: Path, host: str, home: FakeRegistry, postgres: Made
) -> None:
    done = bakec(project, host, "postgres")

    assert done.returncode == 0, done.stderr
    first, second, last = done.stdout.splitlines()
    assert first == "postgres: mirrored linux/amd64, linux/arm64 (2.1 MB sent in 10 blobs)"
    assert second == f"  {host}/team/postgres:15 sha256:{postgres.digest.short}"
    assert last.startswith("mirror: 1 image, 2 cells: 2 mirrored in ")
    assert done.stderr.startswith(f"[1/1] {first} in ")
    assert home.tag("team/postgres", "15") == str(postgres.digest)


@pytest.mark.usefixtures("postgres")
def test_one_that_fails_is_told_with_its_cause_and_5(project: Path, host: str) -> None:
    done = bakec(project, host, "--json")

    document = json.loads(done.stdout)
    assert (done.returncode, document["exit_code"], document["schema"]) == (5, 5, "bakec.mirror/1")
    assert document["counts"] == {"mirrored": 2, "failed": 2}
    assert "/library/redis/manifests/7: 404" in document["images"][1]["error"]["message"]


@pytest.mark.usefixtures("postgres")
def test_a_dry_run_writes_nothing(project: Path, host: str, home: FakeRegistry) -> None:
    done = bakec(project, host, "postgres", "--dry-run")

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("postgres: would be mirrored linux/amd64, linux/arm64 (2.1 MB to send in 10 blobs)\n")
    assert {each.method for each in home.requests} <= {"GET", "HEAD"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("postgre",), "error: no external image is called 'postgre'\n hint: did you mean 'postgres'?\n"),
        (("--var", "A"), "error: --var: 'A' is not NAME=VALUE"),
        (("--jobs", "0"), "Invalid value for '--jobs'"),
    ],
)
def test_a_wrong_word_ends_with_2(project: Path, host: str, words: tuple[str, ...], said: str) -> None:
    done = bakec(project, host, *words)

    assert done.returncode == 2
    assert said in done.stderr


def test_a_registry_that_is_none_ends_with_2(project: Path) -> None:
    done = bakec(project, "UPPER/Case")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: --registry: 'UPPER/Case/team/image'")


@pytest.mark.parametrize(("sign", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -9)])
def test_what_was_killed_in_the_middle_goes_on_where_it_was(
    project: Path,
    host: str,
    home: FakeRegistry,
    vendor: FakeRegistry,
    postgres: Made,
    sign: signal.Signals,
    status: int,
) -> None:
    old = home.push("team/postgres", "15", index_of(*BOTH, annotations={"is": "old"}))
    layer = str(Digest.of(postgres.children[1].blobs[1]))
    vendor.faults.append(Fault(path=layer, delay=30.0))
    with subprocess.Popen(
        argv(host, "postgres"), cwd=project, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True
    ) as running:
        while len(home.repositories["team/postgres"].blobs) < len(old.children[0].blobs) * 2 + 6:
            time.sleep(0.01)
        running.send_signal(sign)
        _, said = running.communicate()
    assert running.returncode == status
    assert home.tag("team/postgres", "15") == str(old.digest)
    if status > 0:
        assert said.splitlines()[-1] == " hint: run it again: what has arrived is not sent again"
    there = set(home.repositories["team/postgres"].blobs)
    home.requests.clear()
    vendor.faults.clear()

    done = bakec(project, host, "postgres")

    assert done.returncode == 0, done.stderr
    sent = {each.query["digest"] for each in home.requests if each.method == "PUT" and "uploads" in each.path}
    assert layer in sent
    assert not sent & there
    assert home.tag("team/postgres", "15") == str(postgres.digest)
    assert f"moved: sha256:{old.digest.short} → sha256:{postgres.digest.short}" in done.stdout


def test_the_plan_lists_what_would_be_copied_from_where_to_where(
    project: Path, host: str, vendor: FakeRegistry
) -> None:
    only = ', platforms=Only(platforms=["amd64"], reason="no arm64 there")'
    text = (project / "components/project.py").read_text()
    text = text.replace(':7"', f':7"{only}').replace("import External", "import External, Only")
    write_project(project, {"web": component('name="web"')}, project=text)

    def plan(*words: str) -> str:
        return command.bakec("plan", *words, "--registry", f"{host}/team", cwd=project, env=ENVIRONMENT).stdout

    postgres, redis = json.loads(plan("--json"))["external"]

    assert redis == {
        "name": "redis",
        "sources": [{"reference": redis["sources"][0]["reference"], "platforms": ["linux/amd64"]}],
        "references": [f"{host}/team/redis:7"],
        "platforms": ["linux/amd64"],
        "excluded": [{"platform": "linux/arm64", "reason": "no arm64 there"}],
    }
    source = postgres["sources"][0]["reference"]
    assert source.endswith("/library/postgres:15")
    assert (
        "external postgres: linux/amd64, linux/arm64, by bakec mirror\n"
        f"    from {source} (linux/amd64, linux/arm64)\n    → {host}/team/postgres:15\n"
    ) in plan()
    assert "external" not in plan("web")
    assert vendor.requests == []
