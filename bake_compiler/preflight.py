"""What must be true of this machine before anything is built: found in a second, not after an hour."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from bake_compiler.errors import PreflightError
from bake_compiler.oci.platform import Platform
from bake_compiler.process import Command, Runner, output_of

OLDEST_BUILDX = (0, 13)


async def check_machine(runner: Runner, root: Path, env: Mapping[str, str], platforms: Sequence[Platform]) -> None:
    """Return if buildx is there, new enough, and its builder can build for all platforms.

    Raises:
        PreflightError: what is missing, and what mends it.
    """
    _, (status, text) = await asyncio.gather(
        _check_version(runner, root, env),
        output_of(runner, Command(("docker", "buildx", "inspect"), env, root)),
    )
    if status:
        last = text.strip().splitlines()[-1] if text.strip() else f"exit status {status}"
        raise PreflightError(f"the builder does not answer: {last}", hint="is Docker running? see `docker buildx ls`")
    able = builder_platforms(text)
    if missing := [str(platform) for platform in platforms if platform not in able]:
        raise PreflightError(
            f"the builder can't build for {', '.join(missing)}; it can for {', '.join(map(str, sorted(able)))}",
            hint="register QEMU with binfmt_misc (flags POCF), or add a native node: `docker buildx create --append`",
        )


async def _check_version(runner: Runner, root: Path, env: Mapping[str, str]) -> None:
    status, text = await output_of(runner, Command(("docker", "buildx", "version"), env, root))
    match = re.search(r"\bv?(\d+)\.(\d+)\.\d+", text)
    if status or not match:
        raise PreflightError("docker has no buildx", hint="install the docker-buildx plugin")
    if (int(match[1]), int(match[2])) < OLDEST_BUILDX:
        raise PreflightError(f"buildx {match[0]} is too old", hint="install buildx 0.13 or later")


def builder_platforms(inspection: str) -> frozenset[Platform]:
    """Every platform that `docker buildx inspect` lists, of all nodes; unknown ones are left out."""
    names = [
        name.strip(" *")
        for line in re.findall(r"^Platforms:(.*)$", inspection, re.MULTILINE)
        for name in line.split(",")
    ]
    return frozenset(platform for name in names if name for platform in _known(name))


def _known(name: str) -> tuple[Platform, ...]:
    try:
        return (Platform.parse(name),)
    except ValueError:
        return ()


async def source_variables(runner: Runner, root: Path, env: Mapping[str, str]) -> dict[str, str]:
    """REVISION and, when nothing is changed, SOURCE_DATE_EPOCH of the git checkout; empty outside of one."""

    async def git(*words: str) -> str | None:
        try:
            status, text = await output_of(runner, Command(("git", *words), env, root))
        except PreflightError:
            return None
        return None if status else text.strip()

    revision = await git("rev-parse", "--verify", "HEAD")
    if not revision:
        return {}
    if await git("status", "--porcelain"):
        return {"REVISION": f"{revision}-dirty"}
    return {"REVISION": revision, "SOURCE_DATE_EPOCH": await git("log", "-1", "--format=%ct") or ""}
