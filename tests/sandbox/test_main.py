"""`python -m sandbox` as a person runs it: what it says, and how it fails."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CODE = Path(__file__).parents[2] / "sandbox"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    shutil.copytree(CODE, tmp_path / "sandbox", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.fixture
def docker_calls(checkout: Path) -> Path:
    """A file with the arguments of each call of the `docker` that is put first on PATH."""
    calls, docker = checkout / "calls", checkout / "path" / "docker"
    docker.parent.mkdir()
    docker.write_text(f'#!/bin/sh\necho "$@" >>{calls}\n')
    docker.chmod(0o755)
    calls.touch()
    return calls


def run(checkout: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m sandbox` where no Docker engine is in reach."""
    nowhere = {"DOCKER_HOST": f"unix://{checkout}/no-engine.sock", "PATH": f"{checkout}/path:{os.environ['PATH']}"}
    return subprocess.run(
        [sys.executable, "-m", "sandbox", *arguments],
        cwd=checkout,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **nowhere, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_status_of_a_fresh_checkout_says_what_is_down_and_fails(checkout: Path) -> None:
    status = run(checkout, "status")

    assert status.returncode == 1
    assert "engine: down" in status.stdout
    assert "processes: 0" in status.stdout
    assert "kernel: nothing" in status.stdout


def test_down_of_a_fresh_checkout_is_no_error(checkout: Path) -> None:
    down = run(checkout, "down")

    assert (down.returncode, down.stdout) == (0, "")


def test_purge_removes_everything_that_was_kept(checkout: Path) -> None:
    (checkout / ".sandbox" / "registry").mkdir(parents=True)

    assert run(checkout, "down", "--purge").returncode == 0
    assert not (checkout / ".sandbox").exists()


def test_down_asks_nothing_of_a_docker_in_which_it_started_nothing(checkout: Path, docker_calls: Path) -> None:
    assert run(checkout, "down").returncode == 0

    assert docker_calls.read_text() == ""


def test_down_removes_the_registry_container_that_it_recorded_and_no_other(checkout: Path, docker_calls: Path) -> None:
    (checkout / ".sandbox").mkdir()
    (checkout / ".sandbox/registry-container").write_text("unix:///run/one.sock 0123456789abcdef")

    assert run(checkout, "down").returncode == 0
    assert run(checkout, "down").returncode == 0

    assert docker_calls.read_text() == "--host unix:///run/one.sock rm --force --volumes 0123456789abcdef\n"


def test_down_tells_of_a_container_that_it_could_not_remove(checkout: Path) -> None:
    (checkout / ".sandbox").mkdir()
    (checkout / ".sandbox/registry-container").write_text(f"unix://{checkout}/no.sock 0123456789abcdef")

    down = run(checkout, "down")

    assert down.returncode == 0
    assert "0123456789ab is still there" in down.stderr
    assert (checkout / ".sandbox/registry-container").exists()


def test_env_prints_exports_and_nothing_else(checkout: Path) -> None:
    put_buildx(checkout)

    env = run(checkout, "env")

    engine, programs = exported(env)[:4], exported(env)[4:]
    assert engine == ["DOCKER_HOST", "DOCKER_CONFIG", "PATH", "BAKEC_REGISTRY"]
    assert programs == ["BAKEC_BUILDX_OLDEST", "BAKEC_BUILDX_NEWEST"]
    assert env.stderr == ""


@pytest.mark.parametrize("verb", ["env", "status"])
@pytest.mark.parametrize("buffered", ["", "1"])
def test_ends_silently_when_nobody_reads_what_it_prints(checkout: Path, verb: str, buffered: str) -> None:
    put_buildx(checkout)
    reader, writer = os.pipe()
    os.close(reader)

    done = subprocess.run(
        [sys.executable, "-m", "sandbox", verb],
        cwd=checkout,
        env={**os.environ, "PYTHONUNBUFFERED": buffered},
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)

    assert (done.returncode, done.stderr) == (141, "")


def test_env_leaves_buildx_out_where_it_can_not_be_fetched_and_says_so(checkout: Path) -> None:
    env = run(checkout, "env", BAKEC_SANDBOX_ARCHIVE=f"file://{checkout}/no-archive")

    assert env.returncode == 0
    assert exported(env) == ["DOCKER_HOST", "DOCKER_CONFIG", "PATH", "BAKEC_REGISTRY"]
    assert "BAKEC_BUILDX_OLDEST and BAKEC_BUILDX_NEWEST are left out: " in env.stderr.splitlines()[-1]


def test_buildx_prints_its_two_exports_and_starts_nothing(checkout: Path, docker_calls: Path) -> None:
    put_buildx(checkout)

    done = run(checkout, "buildx")

    assert exported(done) == ["BAKEC_BUILDX_OLDEST", "BAKEC_BUILDX_NEWEST"]
    assert "oldest 0.0.1, newest 0.0.2" in done.stderr
    assert docker_calls.read_text() == ""


def put_buildx(checkout: Path) -> None:
    """Put two programs where `buildx` would fetch them to."""
    (checkout / ".sandbox/bin").mkdir(parents=True)
    for name, version in (("oldest", "0.0.1"), ("newest", "0.0.2")):
        program = checkout / f".sandbox/bin/docker-buildx-{name}"
        program.write_text(f"#!/bin/sh\necho github.com/docker/buildx {version} 0\n")
        program.chmod(0o755)


def exported(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The names of the variables that were printed."""
    return [line.removeprefix("export ").partition("=")[0] for line in done.stdout.splitlines()]


@pytest.mark.sandbox
@pytest.mark.skipif(os.geteuid() != 0, reason="a sandbox needs root")
@pytest.mark.skipif(shutil.which("apt-get") is None, reason="needs apt")
def test_up_fetches_again_when_what_it_fetched_is_gone(checkout: Path) -> None:
    (checkout / ".sandbox/bin").mkdir(parents=True)
    (checkout / ".sandbox/fetched").write_text("forky")
    (checkout / ".sandbox/bin/docker-registry").symlink_to("/gone/prefix/docker-registry")

    up = run(checkout, "up", BAKEC_SANDBOX_ARCHIVE=f"file://{checkout}/no-archive")

    assert "what was fetched is gone" in up.stderr
    assert "error: step archive-amd64: " in up.stderr
    assert not (checkout / ".sandbox/fetched").exists()


@pytest.mark.sandbox
@pytest.mark.skipif(os.geteuid() != 0, reason="a sandbox needs root")
@pytest.mark.skipif(shutil.which("apt-get") is None, reason="needs apt")
def test_unreachable_archive_names_the_step_and_its_log(checkout: Path) -> None:
    up = run(checkout, "up", BAKEC_SANDBOX_ARCHIVE=f"file://{checkout}/no-archive")

    *_, error, hint = up.stderr.splitlines()
    assert up.returncode == 1
    assert error.startswith("error: step archive-amd64: ")
    assert hint == f" hint: its log is {checkout}/.sandbox/logs/archive-amd64.log"
    assert "no-archive" in (checkout / ".sandbox/logs/archive-amd64.log").read_text()
    assert "Traceback" not in up.stderr
