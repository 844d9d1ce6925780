"""bakec builder up: creates or changes the project's builder, and starts it."""

from collections.abc import Callable
from dataclasses import replace

from bake_compiler.builder import Changes, Instance, daemon_config, plan_changes
from bake_compiler.buildx.inspection import InspectedNode, read_inspection
from bake_compiler.buildx.said import start_nodes
from bake_compiler.buildx.tools import Tools
from bake_compiler.errors import PreflightError
from bake_compiler.model.builder import Builder
from bake_compiler.system.environment import BUILDX_BUILDER
from bake_compiler.system.files import write_whole
from bake_compiler.verbs.builder.result import STARTING, Applied, commands_of, run_commands, without_level
from bake_compiler.verbs.builder.state import LOOKING, config_file, paths_of_certificates, present, wanted_builder

_ALLOW_LOSS = "--allow-loss"


async def bring_up(
    tools: Tools,
    builder: Builder,
    *,
    tell: Callable[[str], None],
    allow_loss: bool = False,
    dry_run: bool = False,
    bootstrap: bool = True,
) -> Applied:
    """Change the builder to the described builder, and start it. If nothing differs, nothing changes.

    Args:
        tools: how to call buildx.
        builder: the builder that the project describes.
        tell: gets the diff, and each command before it is run.
        allow_loss: whether caches may be lost.
        dry_run: whether to only report what would be done.
        bootstrap: whether to start the nodes.

    Raises:
        ModelError: a file that the model names does not exist.
        PreflightError: buildx failed, or a cache would be lost.
    """
    if builder.facts.is_the_engine:
        return await _bring_up_docker(tools, builder)
    there, described = present(tools, builder.name), wanted_builder(tools.root, builder)
    config = config_file(tools.root, builder)
    path = str(config) if config else ""
    changes = plan_changes(described, there, path)
    if there and changes.is_anew and await _is_in_use(tools, builder.name):
        changes = plan_changes(described, there, path, in_use=True)
    commands = commands_of(tools, changes)
    if dry_run:
        return Applied(builder.name, changes, commands, done=False)
    if changes.diff:
        tell(changes.diff.rstrip("\n"))
    _refuse_loss(builder.name, changes, allow_loss=allow_loss)
    if commands and config:
        write_whole(config, daemon_config(builder, paths_of_certificates(tools.root, builder)))
    await run_commands(tools, commands, tell)
    _check_done(tools, described)
    if bootstrap:
        await _bootstrap(tools, builder.name)
    return Applied(builder.name, changes, commands, done=bool(commands), started=bootstrap)


async def _bring_up_docker(tools: Tools, builder: Builder) -> Applied:
    """Docker's own builder exists as long as its context exists."""
    answer = await tools.ask(*tools.buildx, "inspect", builder.name, patience=LOOKING)
    found = read_inspection(answer.text)
    if answer.refusal or not found.facts.is_the_engine:
        what = answer.refusal or f"its driver is {found.driver}"
        raise PreflightError(
            f"builder {builder.name} is not docker's own: {what}",
            hint=f"`docker context create {builder.name}`, or give the builder in components/project.py another driver",
        )
    return Applied(builder.name, Changes(""), (), done=False, started=True)


async def _is_in_use(tools: Tools, name: str) -> bool:
    """Whether `docker buildx use` chose this builder."""
    env = {key: value for key, value in tools.env.items() if key != BUILDX_BUILDER}
    answer = await replace(tools, env=env).ask(*tools.buildx, "inspect", patience=LOOKING)
    return read_inspection(answer.text).name == name


def _refuse_loss(name: str, changes: Changes, *, allow_loss: bool) -> None:
    if changes.lost and not allow_loss:
        raise PreflightError(
            "\n  ".join((f"builder {name}: nothing was changed, for this would be lost:", *changes.lost)),
            hint=f"`bakec builder up {_ALLOW_LOSS}`, or put the description back",
        )


def _check_done(tools: Tools, described: Instance) -> None:
    """Raise an error if buildx's record differs from the description. buildx does not report what it ignored."""
    left = plan_changes(described, present(tools, described.name)).diff
    if left:
        raise PreflightError(
            f"buildx has another configuration than requested:\n{left}", hint="see `docker buildx inspect`"
        )


async def _bootstrap(tools: Tools, name: str) -> None:
    answer = await tools.ask(*tools.buildx, "inspect", name, patience=LOOKING)
    if not _all_run(read_inspection(answer.text).nodes):
        answer = await start_nodes(tools, answer, name, patience=STARTING)
    nodes = read_inspection(answer.text).nodes
    errors = [f"{node.name}: {node.error or node.state}" for node in nodes if not node.is_running]
    if answer.refusal or errors:
        what = without_level(answer.refusal) or "; ".join(errors)
        see = "that its certificates are right" if "tls: " in what else "that its endpoint can be reached from here"
        hint = f"see {see}; `bakec builder up --no-bootstrap` does not start it"
        raise PreflightError(f"builder {name} is made, and does not start: {what}", hint=hint)


def _all_run(nodes: tuple[InspectedNode, ...]) -> bool:
    return bool(nodes) and all(node.is_running for node in nodes)
