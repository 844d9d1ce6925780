"""Whether the machine's own Docker can do the job: both platforms built, and pushed to a local registry."""

import os
import subprocess
import tempfile
from pathlib import Path

from sandbox.engine import registry_answers
from sandbox.state import say

_PLATFORMS = "linux/amd64,linux/arm64"


def usable_docker() -> dict[str, str] | None:
    """What to export to use the machine's Docker; None, and a word why, when it can't do the job."""
    registry = os.environ.get("BAKEC_REGISTRY", "127.0.0.1:5000")
    if not _succeeds("docker", "version"):
        say("no Docker engine answers here: using a private one")
    elif not _succeeds("docker", "buildx", "version"):
        say("this machine's Docker has no buildx: using a private engine")
    elif not registry_answers(registry):
        say(f"no registry answers at {registry}: using a private engine")
    elif not _pushes(registry):
        say(f"this machine's Docker can't push {_PLATFORMS} to {registry}: using a private engine")
    else:
        return {"BAKEC_REGISTRY": registry}
    return None


def _pushes(registry: str) -> bool:
    with tempfile.TemporaryDirectory() as context:
        Path(context, "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
        tag = f"{registry}/bakec-probe:probe"
        return _succeeds("docker", "buildx", "build", "--platform", _PLATFORMS, "--push", "--tag", tag, context)


def _succeeds(*argv: str) -> bool:
    try:
        return subprocess.run(argv, capture_output=True, check=False, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
