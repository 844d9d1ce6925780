"""Whether the builder really runs what is built for a platform: the smallest program of each is built and started."""

import json
import re
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory

from bake_compiler.buildx import Progress
from bake_compiler.doctor.check import Check, bad, good, unknown
from bake_compiler.doctor.program import program
from bake_compiler.errors import PreflightError
from bake_compiler.oci.platform import Platform
from bake_compiler.preflight import Tools
from bake_compiler.process import Command

_DOCKERFILE = """\
FROM scratch
COPY --chmod=755 program /program
ARG NONCE
RUN --network=none ["/program"]
"""
_REGISTER = (
    "docker run --privileged --rm tonistiigi/binfmt --install {architecture}, or add a native node to the builder"
)


async def check_platform(tools: Tools, platform: Platform) -> Check:
    """A program for this platform is built into an image and started, by the builder and not here."""
    subject, content = str(platform), program(platform)
    if content is None:
        return unknown(subject, "bakec has no program for it that could be started")
    progress = Progress()
    with TemporaryDirectory(prefix="bakec-doctor-") as directory:
        folder = Path(directory)
        (folder / "program").write_bytes(content)
        (folder / "bake.json").write_text(json.dumps(_bake_file(directory, platform)))
        argv = (*tools.buildx, "bake", "--file", str(folder / "bake.json"), "--progress", "rawjson", "runs")
        try:
            status = await tools.runner(Command(argv, tools.env, tools.root), lambda line: _hear(progress, line))
        except PreflightError as error:
            return unknown(subject, error.message)
    if not status:
        return good(subject, "its programs run")
    failure = progress.failure(status, "")
    if not failure.step.startswith("RUN"):
        return unknown(subject, failure.cause.splitlines()[0])
    mend = _REGISTER.format(architecture=platform.architecture)
    return bad(subject, f"the builder can't run its programs: {_why(failure.cause, failure.tail)}", mend)


def _bake_file(folder: str, platform: Platform) -> dict[str, object]:
    target = {
        "context": folder,
        "dockerfile-inline": _DOCKERFILE,
        "args": {"NONCE": token_hex(8)},  # no cache may answer
        "platforms": [str(platform)],
        "output": ["type=cacheonly"],
    }
    return {"target": {"runs": target}}


def _hear(progress: Progress, line: str) -> None:
    progress.read(line)


def _why(cause: str, tail: tuple[str, ...]) -> str:
    ended = re.search(r"exit code: \d+", cause)
    return tail[-1] if tail else ended[0] if ended else cause.splitlines()[0]
