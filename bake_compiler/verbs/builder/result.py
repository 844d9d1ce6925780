"""The result of `bakec builder up` and `rm`, and the running of their commands."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from typing_extensions import TypedDict

from bake_compiler.builder import Changes
from bake_compiler.buildx.tools import CommandAnswer, Tools
from bake_compiler.errors import PreflightError
from bake_compiler.system.process import Command

STARTING = 600.0
"""Seconds for a command that may start nodes.

buildx itself waits 20 s for a node, and may have to pull BuildKit first.
"""
_GO_ON = "fix the problem, then run it again: it continues"
_FORGOTTEN = "buildx has forgotten the builder all the same: remove by hand what it left on that node"


@dataclass(frozen=True)
class Applied:
    """What `up` or `rm` did, or would do.

    Attributes:
        name: the builder's name.
        changes: the diff, and the effects of the commands.
        commands: as bakec runs them.
        done: whether the commands were run.
        started: whether all nodes run.
    """

    name: str
    changes: Changes
    commands: tuple[Command, ...]
    done: bool
    started: bool = False


def commands_of(tools: Tools, changes: Changes) -> tuple[Command, ...]:
    """Return the commands of a change."""
    return tuple(Command((*tools.buildx, *words), tools.env, tools.root) for words in changes.commands)


async def run_commands(tools: Tools, commands: tuple[Command, ...], tell: Callable[[str], None]) -> None:
    """Print and run each command.

    Raises:
        PreflightError: buildx failed; the commands after the failed one are not run.
    """
    for command in commands:
        tell(str(command))
        answer = await tools.ask(*command.argv, patience=STARTING)
        if answer.refusal:
            raise PreflightError(_why(answer), hint=_FORGOTTEN if "rm" in command.argv else _GO_ON)


def _why(answer: CommandAnswer) -> str:
    """Return why buildx failed. The last line after a failed removal says only that it failed."""
    failed = [line for line in answer.text.splitlines() if line.startswith("failed to remove ")]
    return failed[-1] if failed else without_level(answer.refusal)


def without_level(line: str) -> str:
    """Return a line of buildx without its level, such as `ERROR:`."""
    return line.removeprefix("ERROR: ")


class BuilderChangeDocument(TypedDict):
    """What `bakec builder up` or `rm` did, or would do."""

    schema: Literal["bakec.builder-change/1"]
    name: str
    """The builder's name."""
    diff: str
    """From the old builder to the new builder; empty if they are the same."""
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
    """Return the result as plain dicts and lists."""
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
    """Return the result in one line. If nothing was run, the line says what would be done."""
    if not applied.changes.diff:
        return f"builder {applied.name}: nothing to change\n"
    if applied.done:
        return f"builder {applied.name}: done\n"
    lines = [*map(str, applied.commands), *(f"lost: {each}" for each in applied.changes.lost)]
    return applied.changes.diff + "".join(f"{line}\n" for line in lines)
