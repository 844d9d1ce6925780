"""The digest of a folder in the project: of all files that its .dockerignore lets through."""

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bake_compiler.dockerfile import parse_ignore
from bake_compiler.project.root import OWN

if TYPE_CHECKING:
    from e2b_dockerfile_utils import PatternMatcher


def folder_digest(root: Path, folder: str, ignore: str = "") -> str:
    """Hex digest of the names, permissions and contents of all files in a folder. Times and owners do not count.

    bakec's own folder `.bakec` is left out: no image may contain it.

    Args:
        root: the project's root.
        folder: the folder's path from the root.
        ignore: the text of the .dockerignore that applies to the folder.

    Raises:
        OSError: a file or folder in it can't be read.
    """
    patterns = parse_ignore(ignore).patterns if ignore.strip() else None
    whole = hashlib.sha256()
    for path in _files(root / folder, "", patterns):
        whole.update(f"{path}\0{_of_file(root / folder / path)}\0".encode("utf-8", errors="surrogateescape"))
    return whole.hexdigest()


def _files(folder: Path, under: str, patterns: "PatternMatcher | None") -> Iterator[str]:
    """Yield the path of every file, link and folder that is not ignored. The order is the same on any machine."""
    with os.scandir(folder) as entries:
        found = sorted((entry for entry in entries if entry.name != OWN), key=lambda entry: entry.name)
    for entry in found:
        path = f"{under}{entry.name}"
        ignored = patterns is not None and patterns.matches(path)
        if not ignored:
            yield path
        if entry.is_dir(follow_symlinks=False) and not (ignored and patterns and not patterns.may_match_under(path)):
            yield from _files(folder / entry.name, f"{path}/", patterns)


def _of_file(path: Path) -> str:
    status = path.lstat()
    mode = f"{stat.S_IFMT(status.st_mode):o}.{stat.S_IMODE(status.st_mode):o}"
    if stat.S_ISLNK(status.st_mode):
        return f"{mode} {path.readlink()}"
    if stat.S_ISREG(status.st_mode):
        with path.open("rb") as file:
            return f"{mode} {hashlib.file_digest(file, 'sha256').hexdigest()}"
    return mode
