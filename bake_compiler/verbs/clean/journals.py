"""The journals of releases that can be removed, because nobody will undo or finish these releases."""

from dataclasses import replace
from pathlib import Path

from bake_compiler.errors import BakecError
from bake_compiler.release import RELEASES, Release, alone, read_release, release_ids
from bake_compiler.staged import TagFate
from bake_compiler.verbs.clean.result import Tidied


def judge_journals(root: Path, before: float) -> tuple[Tidied, ...]:
    """Return which journals can be removed: those of releases that ended long ago, except the last release."""
    names = release_ids(root)
    return tuple(_judged(root, read_release(root, name), name == names[0], before) for name in names)


def remove_journals(root: Path, before: float) -> tuple[Tidied, ...]:
    """Remove these journals. Their releases can't be rolled back or finished afterwards.

    Raises:
        BakecError: a journal can't be removed.
        UsageError: another bakec is moving tags of this project.
    """
    with alone(root):
        judged = judge_journals(root, before)
        for each in judged:
            if each.fate is TagFate.GOES:
                _remove(_path(root, each.name))
    return tuple(replace(each, removed=each.fate is TagFate.GOES) for each in judged)


def _judged(root: Path, release: Release, is_last: bool, before: float) -> Tidied:
    used = max(release.began, _path(root, release.id).stat().st_mtime)
    if is_last:
        return Tidied(release.id, TagFate.STAYS, "it is the last release", used)
    if not release.ended:
        return Tidied(release.id, TagFate.STAYS, "it did not come to its end", used)
    if used >= before:
        return Tidied(release.id, TagFate.STAYS, "it was used since", used)
    return Tidied(release.id, TagFate.GOES, used=used)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise BakecError(f"{path}: {error.strerror}", hint="make the folder writable") from error


def _path(root: Path, release: str) -> Path:
    return root / RELEASES / f"{release}.jsonl"
