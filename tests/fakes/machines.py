"""Machines in containers: one with BuildKit, for buildx's docker-container driver, and one with an ssh server."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox import engine
from sandbox.state import State

_IMAGES = Path(__file__).parents[1] / "integration" / "machines"


def image(sandbox: State, name: str, tag: str, *, push: bool = False) -> str:
    """That of `machines/NAME`, made of the sandbox's programs by the engine in use, which then has it; or its registry.

    Gives `tag`.
    """
    where = "push=true,store=false,compression=uncompressed" if push else "unpack=true"
    run(
        *("docker", "buildx", "build", "--builder", "default", "--provenance=false"),
        *("--build-context", f"engine={sandbox.prefix / engine.suite(sandbox)}"),
        *("--build-context", f"own={sandbox.prefix / 'own'}"),
        *("--output", f"type=image,name={tag},{where}"),
        str(_IMAGES / name),
    )
    return tag


def run(*words: str, env: Mapping[str, str] | None = None) -> str:
    """What a command prints, which must succeed."""
    done = subprocess.run(words, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


@dataclass(frozen=True)
class Far:
    """A machine that is reached by ssh alone.

    Attributes:
        endpoint: `ssh://USER@HOST:PORT`.
        env: with which ssh finds key and known hosts.
    """

    endpoint: str
    env: dict[str, str]


@contextmanager
def far(sandbox: State, socket: Path, folder: Path) -> Iterator[Far]:
    """Such a machine, whose docker is that of a socket, with keys made for it in an empty folder."""
    for name in ("host", "client"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name))
    mounts = ("--volume", f"{folder}:/keys:ro", "--volume", f"{socket}:/var/run/docker.sock")
    own = image(sandbox, "ssh", f"bakec-tests/ssh:{os.getpid()}")
    container = run("docker", "run", "--detach", "--publish", "127.0.0.1::22", *mounts, own)
    try:
        place = run("docker", "port", container, "22/tcp")
        yield Far(f"ssh://root@{place}", _client(folder, place))
    finally:
        run("docker", "rm", "--force", container)
        run("docker", "image", "rm", own)


def _client(folder: Path, place: str) -> dict[str, str]:
    """ssh takes its own files from the home of the password file, whatever HOME says: so a `ssh` on PATH names ours."""
    host, _, port = place.partition(":")
    (folder / "known").write_text(f"[{host}]:{port} {(folder / 'host.pub').read_text()}")
    (folder / "config").write_text(
        f"IdentityFile {folder}/client\nIdentitiesOnly yes\nUserKnownHostsFile {folder}/known\nBatchMode yes\n"
    )
    program = folder / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {folder}/config "$@"\n')
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:{os.environ['PATH']}"}
