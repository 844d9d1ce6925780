"""One verb's command line: what was typed, held against the table of contradictions before anything is done."""

from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from typer.core import TyperCommand

from bake_compiler.cli.contradictions import refuse
from bake_compiler.cli.options import is_reference
from bake_compiler.errors import UsageError


class Verb(TyperCommand):
    """A command that refuses empty values, and words that contradict each other."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command line.

        Raises:
            UsageError: a value is empty, or two words contradict each other.
        """
        if not ctx.resilient_parsing:
            self.refuse(ctx, args)
        return super().parse_args(ctx, args)

    def refuse(self, ctx: Any, args: list[str]) -> None:
        """Return if nothing in a command line is empty or contradicts the rest, or if --help is in it.

        Raises:
            UsageError: a value is empty, or two words contradict each other.
        """
        typed, _, _ = self.make_parser(ctx).parse_args(args=list(args))
        if "help" in typed:
            return
        words = {word for each in self.params for word in words_of(each, typed.get(each.name))}
        switches = {word for each in self.params if each.secondary_opts for word in (*each.opts, *each.secondary_opts)}
        refuse(ctx.command_path.partition(" ")[2], words | switches.intersection(args))


def words_of(parameter: Any, value: object) -> Iterator[str]:
    """What was typed of one parameter, in the words of the table of contradictions; nothing if nothing was typed.

    Args:
        parameter: an option or an argument.
        value: of a flag, or the text or texts before they are read.

    Raises:
        UsageError: a text is empty.
    """
    if value is True:
        yield max(parameter.opts, key=len)
    texts = [each for each in (value if isinstance(value, list | tuple) else [value]) if isinstance(each, str)]
    for text in texts:
        name = _name(parameter, text)
        if not text:
            raise UsageError(f"{name}: the value is empty", hint="give a value, or leave it out")
        yield from (name, f"{name} {text}", f"{name} *{PurePath(text).suffix.lower()}")
        if len(texts) > 1 or "," in text:
            yield f"{name} P,P"


def _name(parameter: Any, text: str) -> str:
    """An option as it is written, or an argument's name; where an argument may be two things, the one that it is."""
    if parameter.param_type_name == "option":
        return str(max(parameter.opts, key=len))
    first, *others = str(parameter.metavar).strip("[].").split(" | ")
    return others[0] if others and is_reference(text) else first
