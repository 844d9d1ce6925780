"""One verb's command line: its help, and the check against the table of contradictions before anything is done."""

from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from typer.core import TyperCommand

from bake_compiler.cli.contradictions import refuse
from bake_compiler.cli.option_groups import group_of
from bake_compiler.cli.options import is_reference
from bake_compiler.errors import UsageError


class Verb(TyperCommand):
    """A command with grouped options that refuses empty values, and words that contradict each other."""

    def get_short_help_str(self, limit: int = 0) -> str:  # noqa: ARG002 - click's signature; a summary is never cut
        """Return the summary: the first paragraph of the help."""
        return " ".join((self.help or "").partition("\n\n")[0].split())

    def format_help_text(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - click's signature
        """Write the help. Each example is on a line of its own."""
        text, _, examples = (self.help or "").partition("Examples:\n")
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(text.rstrip())
        if examples:
            with formatter.section("Examples"):
                for line in examples.splitlines():
                    formatter.write(f"{'':{formatter.current_indent}}{line.strip()}\n")

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments and options, in groups."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in sorted(self.get_params(ctx), key=lambda each: group_of(each)[0]):
            record = parameter.get_help_record(ctx)
            if record is not None:
                groups.setdefault(group_of(parameter)[1], []).append(record)
        for heading, records in groups.items():
            with formatter.section(heading):
                formatter.write_dl(records)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command line.

        Raises:
            UsageError: a value is empty, or two words contradict each other.
        """
        if not ctx.resilient_parsing:
            self.refuse(ctx, args)
        return super().parse_args(ctx, args)

    def refuse(self, ctx: Any, args: list[str]) -> None:
        """Raise an error if a value is empty or two words contradict each other.

        A command line with --help is accepted.

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
    """Yield the typed words of one parameter, as the table of contradictions writes them.

    Args:
        parameter: an option or an argument.
        value: of a flag, or the typed texts before they are parsed.

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
    """Return an option as people write it, or the name of an argument.

    If an argument has two kinds, return the kind.
    """
    if parameter.param_type_name == "option":
        return str(max(parameter.opts, key=len))
    first, *others = str(parameter.metavar).strip("[].").split(" | ")
    return others[0] if others and is_reference(text) else first
