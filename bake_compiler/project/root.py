"""Where a project is: the folder that holds components/project.py."""

from pathlib import Path

from bake_compiler.errors import UsageError

COMPONENTS = "components"
PROJECT_FILE = "project.py"
OWN = ".bakec"
"""The folder in which bakec keeps what is its own."""


def own_folder(root: Path) -> Path:
    """Where bakec keeps what is its own, out of git's sight: else its own files would make a checkout dirty."""
    folder = root / OWN
    ignore = folder / ".gitignore"
    if not ignore.exists():
        folder.mkdir(exist_ok=True)
        ignore.write_text("*\n", encoding="utf-8")
    return folder


def find_root(start: Path) -> Path:
    """The nearest directory, from `start` upwards, that holds components/project.py.

    Raises:
        UsageError: there is none.
    """
    for directory in (start, *start.parents):
        if (directory / COMPONENTS / PROJECT_FILE).is_file():
            return directory
    raise UsageError(
        f"no {COMPONENTS}/{PROJECT_FILE} in {start} or above it",
        hint="run bakec inside a project, or name one with --project DIR",
    )
