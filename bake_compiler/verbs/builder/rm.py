"""bakec builder rm: the builder is removed, and what it has in its cache stays."""

from collections.abc import Callable

from bake_compiler.builder import plan_removal
from bake_compiler.buildx.tools import Tools
from bake_compiler.errors import UsageError
from bake_compiler.model.builder import Builder
from bake_compiler.verbs.builder.result import Applied, commands_of, run_commands
from bake_compiler.verbs.builder.state import config_file, present


async def take_down(
    tools: Tools, builder: Builder, *, tell: Callable[[str], None], with_cache: bool = False, dry_run: bool = False
) -> Applied:
    """Remove the builder; what it has in its cache stays for the next one of its name, unless it is to go too.

    Raises:
        PreflightError: buildx can't do it.
        UsageError: it is docker's own.
    """
    if builder.facts.is_the_engine:
        raise UsageError(
            f"builder {builder.name} is docker's own, which can't be removed", hint="there is nothing to do"
        )
    changes = plan_removal(present(tools, builder.name), with_cache=with_cache)
    commands = commands_of(tools, changes)
    if not dry_run:
        if changes.diff:
            tell(changes.diff.rstrip("\n"))
        await run_commands(tools, commands, tell)
        if config := config_file(tools.root, builder):
            config.unlink(missing_ok=True)
    return Applied(builder.name, changes, commands, done=bool(commands) and not dry_run)
