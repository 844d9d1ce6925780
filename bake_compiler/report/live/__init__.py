"""What a person sees while a run goes on, or a program reads: events, told one of four ways."""

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
    """What to tell events, for as long as a run goes on.

    A live view where a person can see one; else a line for each event that matters: in a pipe, in CI, on a terminal
    that cannot move its cursor or has no Unicode.

    Args:
        stream: where they are written: stderr.
        terminal: whether that is a terminal.
        plain: lines, on a terminal too.
        quiet: only a line for each image that failed in the end.
        as_json: all events as JSON lines, whatever else is asked for.
        environ: for CI, TERM and NO_COLOR.
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
