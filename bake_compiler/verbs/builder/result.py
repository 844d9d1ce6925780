"""What `up` or `rm` did to a builder: run, and told."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from typing_extensions import TypedDict

from bake_compiler.builder import Changes
from bake_compiler.buildx.tools import CommandAnswer, Tools
from bake_compiler.errors import PreflightError
from bake_compiler.system.process import Command

STARTING = 600.0
"""Seconds for a command that may start nodes: buildx itself gives one 20, and may have to pull BuildKit first."""
_GO_ON = "mend that, then run it again: it goes on where it was"
_FORGOTTEN = "buildx has forgotten the builder all the same: remove by hand what it left on that node"


@dataclass(frozen=True)
class Applied:
    """What `up` or `rm` did, or would do.

    Attributes:
        name: of the builder.
        changes: the diff, and what it took.
        commands: as they are run.
        done: whether they were.
        started: whether all nodes were started after them, or found running.
    """

    name: str
    changes: Changes
    commands: tuple[Command, ...]
    done: bool
    started: bool = False


def commands_of(tools: Tools, changes: Changes) -> tuple[Command, ...]:
    """What a change takes, as it is run."""
    return tuple(Command((*tools.buildx, *words), tools.env, tools.root) for words in changes.commands)


async def run_commands(tools: Tools, commands: tuple[Command, ...], tell: Callable[[str], None]) -> None:
    """Tell each command, and run it.

    Raises:
        PreflightError: buildx can't do it; those after it are not run.
    """
    for command in commands:
        tell(str(command))
        answer = await tools.ask(*command.argv, patience=STARTING)
        if answer.refusal:
            raise PreflightError(_why(answer), hint=_FORGOTTEN if "rm" in command.argv else _GO_ON)


def _why(answer: CommandAnswer) -> str:
    """Why buildx could not do it: of a removal its last line only says that it failed."""
    failed = [line for line in answer.text.splitlines() if line.startswith("failed to remove ")]
    return failed[-1] if failed else without_level(answer.refusal)


def without_level(line: str) -> str:
    """What buildx says is wrong."""
    return line.removeprefix("ERROR: ")


class BuilderChangeDocument(TypedDict):
    """What `bakec builder up` or `rm` did, or would do."""

    schema: Literal["bakec.builder-change/1"]
    name: str
    """The builder's name."""
    diff: str
    """From the builder as it was to the builder as it is to be; empty if they are the same."""
    commands: list[list[str]]
    """The commands, each as a list of words."""
    lost: list[str]
    """The caches that the change would lose, or has lost."""
    restarts: bool
    """Whether the change restarts nodes."""
    applied: bool
    """Whether the commands were run."""
    started: bool
    """Whether all nodes run."""


def applied_document(applied: Applied) -> BuilderChangeDocument:
    """What was done, as plain dicts and lists."""
    return {
        "schema": "bakec.builder-change/1",
        "name": applied.name,
        "diff": applied.changes.diff,
        "commands": [list(command.argv) for command in applied.commands],
        "lost": list(applied.changes.lost),
        "restarts": applied.changes.restarts,
        "applied": applied.done,
        "started": applied.started,
    }


def render_applied(applied: Applied) -> str:
    """What came of it, in a line; where nothing was done, what would be."""
    if not applied.changes.diff:
        return f"builder {applied.name}: nothing to change\n"
    if applied.done:
        return f"builder {applied.name}: done\n"
    lines = [*map(str, applied.commands), *(f"lost: {each}" for each in applied.changes.lost)]
    return applied.changes.diff + "".join(f"{line}\n" for line in lines)
