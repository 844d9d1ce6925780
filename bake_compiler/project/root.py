"""The root of a project: the folder that contains components/project.py."""

from pathlib import Path

from bake_compiler.errors import UsageError

COMPONENTS = "components"
PROJECT_FILE = "project.py"
OWN = ".bakec"
"""The folder for bakec's own files, such as runs and caches."""


def own_folder(root: Path) -> Path:
    """Return the folder for bakec's own files. git ignores it, so that these files do not make a checkout dirty."""
    folder = root / OWN
    ignore = folder / ".gitignore"
    if not ignore.exists():
        folder.mkdir(exist_ok=True)
        ignore.write_text("*\n", encoding="utf-8")
    return folder


def find_root(start: Path) -> Path:
    """Return the nearest folder, from `start` upwards, that contains components/project.py.

    Raises:
        UsageError: no such folder exists.
    """
    for directory in (start, *start.parents):
        if (directory / COMPONENTS / PROJECT_FILE).is_file():
            return directory
    raise UsageError(
        f"no {COMPONENTS}/{PROJECT_FILE} in {start} or above it",
        hint="run bakec inside a project, or name one with --project DIR",
    )
