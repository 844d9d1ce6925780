"""The state of the project's git checkout."""

from collections.abc import Mapping
from pathlib import Path

from bake_compiler.errors import PreflightError
from bake_compiler.system.process import Command, Runner, output_of


async def source_variables(runner: Runner, root: Path, env: Mapping[str, str]) -> dict[str, str]:
    """Return REVISION, and SOURCE_DATE_EPOCH if no file is changed. Empty outside of a git checkout."""

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
