"""`--help` never cuts a summary, groups the options, has one example a line, and names the documents of `--json`."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from bake_compiler.cli.app import VERBS, make_app
from bake_compiler.cli.documents import DOCUMENTS
from bake_compiler.cli.option_groups import ARGUMENTS, GROUPS


def commands(group: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    for word, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{word} ")
        else:
            yield f"{name}{word}", command


WHOLE: Any = typer.main.get_command(make_app())
ALL = dict(commands(WHOLE))


def help_of(command: Any, name: str = "bakec", columns: int = 80) -> str:
    return str(command.get_help(command.context_class(command, info_name=name, terminal_width=columns)))


@pytest.mark.parametrize("columns", [60, 80])
@pytest.mark.parametrize(
    "group", [WHOLE, WHOLE.commands["release"], WHOLE.commands["builder"]], ids=lambda each: each.name
)
def test_no_summary_is_cut(group: Any, columns: int) -> None:
    lines = help_of(group, columns=columns).partition("Commands:")[2]

    assert "..." not in lines
    assert all(each in lines for each in group.commands)


def test_at_80_columns_each_summary_is_one_line() -> None:
    for group in (WHOLE, WHOLE.commands["release"], WHOLE.commands["builder"]):
        lines = help_of(group).partition("Commands:\n")[2].splitlines()

        assert [line.split()[0] for line in lines] == list(group.commands)
    assert set(WHOLE.commands) == set(VERBS)


@pytest.mark.parametrize("name", ALL)
def test_each_option_is_in_one_group(name: str) -> None:
    command = ALL[name]
    options = [max(each.opts, key=len) for each in command.params if each.param_type_name == "option"]

    assert [option for option in options if sum(option in each for each in GROUPS.values()) != 1] == []
    text = help_of(command, name)
    headings = [line.removesuffix(":") for line in text.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert headings == [each for each in ("Examples", ARGUMENTS, *GROUPS) if each in headings]
    assert all(option in text for option in options)


def test_no_group_has_an_option_that_no_verb_has() -> None:
    known = {option for command in ALL.values() for each in command.params for option in each.opts} | {"--help"}

    assert [option for each in GROUPS.values() for option in each if option not in known] == []


@pytest.mark.parametrize("name", ALL)
def test_each_example_is_a_line(name: str) -> None:
    examples = help_of(ALL[name], name).partition("\nExamples:\n")[2].partition("\n\n")[0].splitlines()

    assert examples
    assert [line for line in examples if not line.startswith(f"  bakec {name}") or line.count("bakec ") != 1] == []


@pytest.mark.parametrize("name", ALL)
def test_json_names_the_documents_that_it_prints(name: str) -> None:
    text = " ".join(help_of(ALL[name], name).partition("--json")[2].split())

    assert [each.schema for each in DOCUMENTS if name in each.printed_by and each.schema not in text] == []
