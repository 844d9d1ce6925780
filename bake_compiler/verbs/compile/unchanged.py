"""Whether anything that the last compile read has changed since; if nothing has, its result stands.

The edge to files for `bakec compile` alone: it imports nothing but the standard library, so that a compile with nothing
to do costs no more than to look. `compile --check`, the gate, never asks here.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

CACHE = Path(".bakec/compile.json")

_STANDARD = str(Path(os.__file__).parent)
_COARSE = 20_000_000
"""Nanoseconds by which a file system's clock may be behind."""
_OUTSIDE = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "socket.connect", "urllib.Request")
_VOLATILE = frozenset({"_", "OLDPWD", "PWD", "SHLVL", "COLUMNS", "LINES", "PYDANTIC_DISABLE_PLUGINS"})


class Watch:
    """What Python opened and listed, and whether it asked anyone else."""

    def __init__(self) -> None:
        self.paths: set[str] = set()
        self.asked_outside = False
        self.begun = time.time_ns()
        self.on = True

    def hear(self, event: str, arguments: tuple[object, ...]) -> None:
        """An audit event of Python (sys.addaudithook)."""
        if not self.on:
            return
        if event in {"open", "os.listdir", "os.scandir"} and isinstance(arguments[0], str | os.PathLike):
            self.paths.add(str(Path(arguments[0]).absolute()))
        elif event in _OUTSIDE:
            self.asked_outside = True


@contextmanager
def watching() -> Iterator[Watch]:
    """All that is read within; a hook can't be taken away again, but it can be deaf."""
    watch = Watch()
    sys.addaudithook(watch.hear)
    try:
        yield watch
    finally:
        watch.on = False


def remember(root: Path, others: Iterable[Path], told: str, watch: Watch) -> None:
    """Write down what a compile read, so that the next one can stand on it; nothing where that can't be known.

    Args:
        root: the project's root.
        others: files that count too, though they were not read: what was written, what would be read if it were there.
        told: what the next compile is to tell.
        watch: over all that the compile read.
    """
    cache = root / CACHE
    try:
        cache.parent.mkdir(exist_ok=True)  # before the root is looked at, in which it is
        cache.unlink(missing_ok=True)
    except OSError:
        return  # a project that can't be written to is compiled anew each time
    if watch.asked_outside:
        return
    paths = {path for path in watch.paths if _counts(path, root)}
    paths |= {str(Path(path).parent) for path in paths if path.startswith(f"{root}{os.sep}")}  # what may appear there
    paths |= {str(module.__file__) for module in [*sys.modules.values()] if _is_installed(module)}
    files = {path: _state(path) for path in sorted(paths)}
    read = (state for path, state in files.items() if state and path != str(root))  # in which bakec itself writes
    if any(max(state[:2]) > watch.begun - _COARSE for state in read):
        return  # it changed while it was read
    files |= {str(path): _state(str(path)) for path in others}
    found = {"told": told, "world": _world(), "files": files}
    cache.write_text(json.dumps(found), encoding="utf-8")


def what_stands(root: Path) -> str:
    """What the last compile told, when all that it read is as it was; else nothing."""
    try:
        found = json.loads((root / CACHE).read_bytes())
        same = found["world"] == _world() and all(_state(path) == state for path, state in found["files"].items())
        return str(found["told"]) if same else ""
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return ""


def _counts(path: str, root: Path) -> bool:
    if f"{os.sep}__pycache__" in path or path.startswith(f"{root}{os.sep}.bakec"):
        return False  # made from what is looked at anyway
    inside = path.startswith(f"{root}{os.sep}")
    return inside or not path.startswith((sys.prefix, sys.base_prefix, "/proc", "/dev"))


def _is_installed(module: object) -> bool:
    """A module of anybody but Python itself."""
    file = getattr(module, "__file__", None) or ""
    return bool(file) and (not file.startswith(_STANDARD) or "-packages" in file)


def _state(path: str) -> list[int]:
    """Times, size and place of a file or folder; empty when it is not there."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a Path for each of thousands would double the cost
    except OSError:
        return []
    return [found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino]


def _world() -> str:
    """A digest of what models can see besides files: the interpreter, and the environment."""
    environment = sorted(item for item in os.environ.items() if item[0] not in _VOLATILE)
    return hashlib.sha256(repr((sys.version, sys.executable, environment)).encode()).hexdigest()
