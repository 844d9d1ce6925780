"""Whether anything that the last compile read has changed since. If nothing has changed, its result is still valid.

Only `bakec compile` uses this module. It imports only the standard library, so that a compile without changes is fast.
`compile --check` never uses it.
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
    """The files that Python opened, the folders that it listed, and whether it read anything else."""

    def __init__(self) -> None:
        self.paths: set[str] = set()
        self.asked_outside = False
        self.begun = time.time_ns()
        self.on = True

    def hear(self, event: str, arguments: tuple[object, ...]) -> None:
        """Record an audit event of Python (sys.addaudithook)."""
        if not self.on:
            return
        if event in {"open", "os.listdir", "os.scandir"} and isinstance(arguments[0], str | os.PathLike):
            self.paths.add(str(Path(arguments[0]).absolute()))
        elif event in _OUTSIDE:
            self.asked_outside = True


@contextmanager
def watching() -> Iterator[Watch]:
    """Yield a record of everything that is read in this context.

    A hook can't be removed, so it ignores later events.
    """
    watch = Watch()
    sys.addaudithook(watch.hear)
    try:
        yield watch
    finally:
        watch.on = False


def remember(root: Path, others: Iterable[Path], told: str, watch: Watch) -> None:
    """Record what a compile read, for the next compile. If bakec can't know everything that was read, record nothing.

    Args:
        root: the project's root.
        others: other files that count: files that were written, and files that would be read if they existed.
        told: what the next compile will print.
        watch: the record of all files that the compile read.
    """
    cache = root / CACHE
    try:
        cache.parent.mkdir(exist_ok=True)  # first, because the root's state includes this folder
        cache.unlink(missing_ok=True)
    except OSError:
        return  # a read-only project is compiled again each time
    if watch.asked_outside:
        return
    paths = {path for path in watch.paths if _counts(path, root)}
    # a new file may appear in any folder of a file that was read
    paths |= {str(Path(path).parent) for path in paths if path.startswith(f"{root}{os.sep}")}
    paths |= {str(module.__file__) for module in [*sys.modules.values()] if _is_installed(module)}
    files = {path: _state(path) for path in sorted(paths)}
    read = (state for path, state in files.items() if state and path != str(root))  # bakec itself writes in the root
    if any(max(state[:2]) > watch.begun - _COARSE for state in read):
        return  # a file changed while it was read
    files |= {str(path): _state(str(path)) for path in others}
    found = {"told": told, "world": _world(), "files": files}
    cache.write_text(json.dumps(found), encoding="utf-8")


def what_stands(root: Path) -> str:
    """Return what the last compile printed, if everything that it read is unchanged; otherwise empty."""
    try:
        found = json.loads((root / CACHE).read_bytes())
        same = found["world"] == _world() and all(_state(path) == state for path, state in found["files"].items())
        return str(found["told"]) if same else ""
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return ""


def _counts(path: str, root: Path) -> bool:
    if f"{os.sep}__pycache__" in path or path.startswith(f"{root}{os.sep}.bakec"):
        return False  # made from files that are checked anyway
    inside = path.startswith(f"{root}{os.sep}")
    return inside or not path.startswith((sys.prefix, sys.base_prefix, "/proc", "/dev"))


def _is_installed(module: object) -> bool:
    """Whether a module does not belong to Python itself."""
    file = getattr(module, "__file__", None) or ""
    return bool(file) and (not file.startswith(_STANDARD) or "-packages" in file)


def _state(path: str) -> list[int]:
    """Return times, size and inode of a file or folder; empty if it does not exist."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a Path for each of thousands would double the cost
    except OSError:
        return []
    return [found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino]


def _world() -> str:
    """Return a digest of everything else that models can see: the interpreter and the environment."""
    environment = sorted(item for item in os.environ.items() if item[0] not in _VOLATILE)
    return hashlib.sha256(repr((sys.version, sys.executable, environment)).encode()).hexdigest()
