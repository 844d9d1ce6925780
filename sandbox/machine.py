"""Whether the machine's own Docker can do the job: both platforms built, and pushed to a local registry."""

import os
import subprocess
import tempfile
import time
from pathlib import Path

from sandbox.engine import registry_answers
from sandbox.state import say

_CONTAINER = "bakec-registry"
_USUAL = "127.0.0.1:5000"
_PATIENCE = 20.0  # seconds
_PLATFORMS = "linux/amd64,linux/arm64"


def usable_docker() -> dict[str, str] | None:
    """What to export to use the machine's Docker; None, and a word why, when it can't do the job."""
    if not _succeeds("docker", "version"):
        say("no Docker engine answers here: using a private one")
    elif not _succeeds("docker", "buildx", "version"):
        say("this machine's Docker has no buildx: using a private engine")
    elif "linux/arm64" not in (_output("docker", "buildx", "inspect", "--bootstrap") or ""):
        say("this machine's Docker does not run linux/arm64: using a private engine")
    elif not (registry := _registry()):
        say("no local registry, and none can be run here: using a private engine")
    elif not _reaches(registry):
        say(f"this machine's Docker can't build {_PLATFORMS} for {registry}: using a private engine")
    else:
        return {"BAKEC_REGISTRY": registry}
    return None


def forget_registry() -> None:
    """Remove the registry container that `usable_docker` started, if it did."""
    if _published():
        _succeeds("docker", "rm", "--force", "--volumes", _CONTAINER)


def _registry() -> str:
    """A local registry that answers: the one named, the one on the usual port, or a container of ours; else empty."""
    for address in (os.environ.get("BAKEC_REGISTRY", ""), _USUAL, _published()):
        if address and registry_answers(address):
            return address
    say("starting a registry in a container; `./dev sandbox down` removes it")
    _succeeds("docker", "run", "--detach", "--name", _CONTAINER, "--publish", "127.0.0.1::5000", "registry:2")
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and (address := _published()):
        if registry_answers(address):
            return address
        time.sleep(0.1)
    return ""


def _published() -> str:
    """The address at which our registry container is published; empty when it does not run."""
    try:
        argv = ["docker", "port", _CONTAINER, "5000/tcp"]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.partition("\n")[0].strip()


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
