"""Shows the events of a run while it goes on, in one of four forms for a person or a program."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TextIO, TypeAlias, cast

from bake_compiler.report.events import Event
from bake_compiler.report.live.deaf import Deaf
from bake_compiler.report.live.plain import Plain

Told: TypeAlias = Callable[[Event], None]


def watch(
    stream: TextIO, *, terminal: bool, plain: bool, quiet: bool, as_json: bool, environ: Mapping[str, str]
) -> AbstractContextManager[Told]:
    """Return a context manager that shows events while a run goes on.

    It shows a live view on a terminal. It prints a line for each important event in a pipe, in CI, and on a terminal
    without cursor movement or Unicode.

    Args:
        stream: where the output goes: stderr.
        terminal: whether the stream is a terminal.
        plain: print lines, on a terminal too.
        quiet: print only a line for each image that failed in the end.
        as_json: print all events as JSON lines, whatever the other arguments are.
        environ: the environment, for CI, TERM and NO_COLOR.
    """
    stream = cast(TextIO, Deaf(stream))
    if as_json:
        from bake_compiler.report.live.jsonl import JsonLines  # noqa: PLC0415 - only what is used is loaded

        return nullcontext(JsonLines(stream))
    lively = terminal and environ.get("TERM", "dumb") not in _DUMB and environ.get("CI", "").lower() not in _YES
    if plain or quiet or not lively or not (stream.encoding or "").lower().startswith("utf"):
        return nullcontext(Plain(stream, quiet=quiet))
    from bake_compiler.report.live.screen import on_screen  # noqa: PLC0415 - rich takes a while

    return on_screen(stream, environ)


_DUMB = frozenset({"", "dumb", "unknown"})
_YES = frozenset({"true", "1", "yes"})
