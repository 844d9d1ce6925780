"""bakec builder rm: removes the builder, and keeps its cache."""

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
    """Remove the builder. Its cache stays for the next builder of this name, except with `with_cache`.

    Raises:
        PreflightError: buildx failed.
        UsageError: the builder is docker's own.
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
