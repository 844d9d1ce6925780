"""stdout is for bakec's document; the code of authors, and the programs that it starts, get stderr in its place."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout


@contextmanager
def stdout_on_stderr() -> Iterator[None]:
    """In this block all that is written to stdout goes to stderr: by Python, by C code, and by programs."""
    _flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _flush()
        os.dup2(kept, 1)
        os.close(kept)


def _flush() -> None:
    """Write now what an earlier write has left in a buffer, before the descriptor changes."""
    for stream in filter(None, (sys.stdout, sys.__stdout__)):
        stream.flush()
