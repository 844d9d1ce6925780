"""Whether the machine's own Docker can do the job: both platforms built, and pushed to a local registry."""

import os
import subprocess
import tempfile
import time
from pathlib import Path

from sandbox.engine import registry_answers
from sandbox.state import State, alone, say

_USUAL = "127.0.0.1:5000"
_PATIENCE = 20.0  # seconds
_PLATFORMS = "linux/amd64,linux/arm64"


def usable_docker(state: State) -> dict[str, str] | None:
    """What to export to use the machine's Docker; None, and a word why, when it can't do the job."""
    if not _succeeds("docker", "version"):
        say("no Docker engine answers here: using a private one")
    elif not _succeeds("docker", "buildx", "version"):
        say("this machine's Docker has no buildx: using a private engine")
    elif "linux/arm64" not in (_output("docker", "buildx", "inspect", "--bootstrap") or ""):
        say("this machine's Docker does not run linux/arm64: using a private engine")
    elif not (registry := _registry(state)):
        say("no local registry, and none can be run here: using a private engine")
    elif not _reaches(registry):
        say(f"this machine's Docker can't build {_PLATFORMS} for {registry}: using a private engine")
    else:
        return {"BAKEC_REGISTRY": registry}
    return None


def forget_registry(state: State) -> None:
    """Remove the registry container that `usable_docker` started, if it did: that one, on the engine that runs it."""
    record = _record(state)
    if not record.exists():
        return
    host, container = record.read_text().split()
    if _succeeds("docker", "--host", host, "rm", "--force", "--volumes", container):
        record.unlink()
    else:
        say(f"the registry's container {container[:12]} is still there: no answer from Docker at {host}")


def _record(state: State) -> Path:
    """Names the container that we started: its engine's address, then its id."""
    return state.home / "registry-container"


def _registry(state: State) -> str:
    """A local registry that answers: the one named, the one on the usual port, or a container of ours; else empty."""
    for address in (os.environ.get("BAKEC_REGISTRY", ""), _USUAL, _published(state)):
        if address and registry_answers(address):
            return address
    with alone(state):
        return _run_registry(state)


def _run_registry(state: State) -> str:
    say("starting a registry in a container; `./dev sandbox down` removes it")
    forget_registry(state)  # of another engine, or one that ended
    host = _output("docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
    container = _output("docker", "run", "--detach", "--publish", "127.0.0.1::5000", "registry:2")
    if not host or not container:
        return ""
    _record(state).write_text(f"{host.strip()} {container.strip()}")
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and (address := _published(state)):
        if registry_answers(address):
            return address
        time.sleep(0.1)
    return ""


def _published(state: State) -> str:
    """The address at which our registry container is published; empty when it does not run."""
    if not _record(state).exists():
        return ""
    host, container = _record(state).read_text().split()
    return (_output("docker", "--host", host, "port", container, "5000/tcp") or "").partition("\n")[0].strip()


def _reaches(registry: str) -> bool:
    """Whether the builder exports both platforms and reaches the registry; a push would show it, but leave an image."""
    with tempfile.TemporaryDirectory() as context:
        Path(context, "Dockerfile").write_text(f"FROM scratch\nADD http://{registry}/v2/ /answer\n")
        output = f"type=oci,dest={context}/image.tar"
        return _succeeds("docker", "buildx", "build", "--platform", _PLATFORMS, "--output", output, context)


def _succeeds(*argv: str) -> bool:
    return _output(*argv) is not None


def _output(*argv: str) -> str | None:
    """What a command prints; None when it fails."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
