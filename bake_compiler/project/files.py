"""The files of a project that commands write and people commit: the bake file, the lock, the template."""

from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from bake_compiler.bakefile.blocks import BAKE_FILE
from bake_compiler.bakefile.render import TEMPLATE
from bake_compiler.model.lock_file import LOCK_FILE, Locked, parse_lock


def read_lock(root: Path) -> Mapping[str, Locked] | None:
    """Return the content of the project's lock; None if the project has no lock.

    Raises:
        ModelError: the file is not a valid lock.
    """
    path = root / LOCK_FILE
    return parse_lock(path.read_text(encoding="utf-8", errors="replace")) if path.is_file() else None


def committed(root: Path, name: str = BAKE_FILE) -> str:
    """Return the text of the committed file; empty if it does not exist."""
    path = root / name
    return path.read_bytes().decode("utf-8", errors="replace") if path.is_file() else ""


def template(root: Path) -> str:
    """Return the project's own template, or bakec's template if the project has none."""
    own = root / TEMPLATE
    if own.is_file():
        return own.read_text(encoding="utf-8")
    packaged = resources.files("bake_compiler") / TEMPLATE
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    return (Path(__file__).parents[2] / TEMPLATE).read_text(encoding="utf-8")  # an editable install
