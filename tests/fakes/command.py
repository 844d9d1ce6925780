"""`bakec` as a person types it, run in this process: a process of its own costs half a second to start."""

import gc
import io
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from subprocess import CompletedProcess

from bake_compiler.cli import main


def bakec(*words: str, cwd: Path, env: Mapping[str, str]) -> CompletedProcess[str]:
    """What `bakec` prints, and its exit code, in a folder and with exactly this environment."""
    argv = ["bakec", *words]
    out, err = _stream(), _stream()
    with chdir(cwd), _world(argv, env), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
            code: object = 0
        except SystemExit as ended:
            code = ended.code
    return CompletedProcess(argv, code if isinstance(code, int) else int(code is not None), _text(out), _text(err))


@contextmanager
def _world(argv: list[str], env: Mapping[str, str]) -> Iterator[None]:
    """What a process has of its own: arguments, environment, imported modules, the state of the garbage collector."""
    before = sys.argv, dict(os.environ), set(sys.modules)
    sys.argv = argv
    _environ(env)
    gc.freeze()  # so that a collection at the end looks only at what is new
    try:
        yield
    finally:
        sys.argv = before[0]
        _environ(before[1])
        for name in filter(_is_an_authors, sys.modules.keys() - before[2]):
            del sys.modules[name]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # the end of a process closes what is open
            gc.collect()
        gc.unfreeze()
        gc.enable()


def _is_an_authors(module: str) -> bool:
    """Whether a module is neither bakec's nor installed."""
    file = getattr(sys.modules[module], "__file__", None) or ""
    return (
        bool(file)
        and module.partition(".")[0] != "bake_compiler"
        and not file.startswith((sys.prefix, sys.base_prefix))
    )


def _environ(env: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(env)


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace", newline="", write_through=True)


def _text(stream: io.TextIOWrapper) -> str:
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()
