"""buildx and its builder: found, new enough, running, and able to build and push an index."""

import re

from bake_compiler.doctor.check import Check, bad, good, unknown
from bake_compiler.errors import PreflightError
from bake_compiler.preflight import OLDEST_BUILDX, Tools, read_builder

_NEW_BUILDER = "docker buildx create --name bakec --driver docker-container --bootstrap --use"
_SNAPSHOTTER = "io.containerd.snapshotter"


async def check_buildx(tools: Tools) -> Check:
    """Docker and buildx are there, and buildx is new enough."""
    oldest = ".".join(map(str, OLDEST_BUILDX))
    install = f"install Docker with the docker-buildx plugin, {oldest} or newer"
    try:
        status, text = await tools.output(*tools.buildx, "version")
    except PreflightError as error:
        return bad("buildx", error.message, install)
    version = re.search(r"\bv?(\d+)\.(\d+)\.\d+", text)
    if status or not version:
        return bad("buildx", "docker has no buildx", install)
    if (int(version[1]), int(version[2])) < OLDEST_BUILDX:
        return bad("buildx", f"{version[0].removeprefix('v')} is older than {oldest}", install)
    return good("buildx", version[0].removeprefix("v"))


async def check_builder(tools: Tools) -> Check:
    """The builder runs; docker's own one has the image store that an index needs."""
    try:
        status, text = await tools.output(*tools.buildx, "inspect", "--bootstrap")
    except PreflightError as error:
        return unknown("builder", error.message)
    builder = read_builder(text)
    if status or not builder.driver:
        return bad("builder", _last_line(text, status), "start Docker, or see what `docker buildx ls` says")
    if not builder.running:
        return bad("builder", f"driver {builder.driver}, and no node of it runs", "docker buildx inspect --bootstrap")
    found = f"driver {builder.driver}, {builder.running} of {builder.nodes} nodes running"
    return await _check_store(tools, found) if builder.driver == "docker" else good("builder", found)


async def _check_store(tools: Tools, found: str) -> Check:
    status, store = await tools.output("docker", "info", "--format", "{{.DriverStatus}}")
    if status:
        return unknown("builder", f"{found}; docker does not tell its image store")
    if _SNAPSHOTTER not in store:
        return bad("builder", f"{found}; its image store takes no index of several platforms", _NEW_BUILDER)
    return good("builder", f"{found}, with the containerd image store")


def _last_line(text: str, status: int) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else f"`docker buildx inspect` exited with {status}"
