"""bakec builder: the project's builder made, looked at, and removed."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bake_compiler.builder import (
    Changes,
    Instance,
    NodeState,
    daemon_config,
    described,
    plan_changes,
    plan_removal,
    read_driver,
    read_name,
    read_states,
    stored,
)
from bake_compiler.environment import BUILDX_BUILDER
from bake_compiler.errors import ModelError, PreflightError, UsageError
from bake_compiler.journal import write_whole
from bake_compiler.model.builder import Builder
from bake_compiler.oci.platform import Platform
from bake_compiler.preflight import Answer, Tools
from bake_compiler.process import Command
from bake_compiler.root import own_folder

_ALLOW_LOSS = "--allow-loss"
_LOOKING, _STARTING = 60.0, 600.0  # seconds; buildx itself gives a node 20, and may have to pull BuildKit first
_GO_ON = "mend that, then run it again: it goes on where it was"
_FORGOTTEN = "buildx has forgotten the builder all the same: remove by hand what it left on that node"
_ABSENT = re.compile(r"\bno builder .* found")


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


@dataclass(frozen=True)
class Seen:
    """The builder as it is.

    Attributes:
        name, driver: of it; the driver is the described one where there is no builder.
        exists: whether buildx knows it.
        diff: from it to what the project describes; empty when they are the same, or the project describes none.
        is_described: whether the project describes one.
        nodes: as they are now.
        host: the platform of this machine.
    """

    name: str
    driver: str
    exists: bool
    diff: str
    is_described: bool
    nodes: tuple[NodeState, ...]
    host: Platform

    @property
    def matches(self) -> bool:
        """Whether it is there, and as the project describes it."""
        return self.exists and not self.diff


async def bring_up(
    tools: Tools,
    builder: Builder,
    *,
    tell: Callable[[str], None],
    allow_loss: bool = False,
    dry_run: bool = False,
    bootstrap: bool = True,
) -> Applied:
    """Make the builder what the project describes, and start it; nothing is done where it is so.

    Args:
        tools: how buildx is called.
        builder: the project's.
        tell: hears the diff, and each command before it is run.
        allow_loss: also where caches would be lost.
        dry_run: only say what would be done.
        bootstrap: start its nodes.

    Raises:
        ModelError: a file that it names is not there.
        PreflightError: buildx can't do it, or a cache would be lost.
    """
    if builder.driver == "docker":
        return await _bring_up_docker(tools, builder)
    present = _stored(tools, builder.name)
    wanted = _wanted(tools.root, builder)
    config = _config_file(tools.root, builder)
    path = str(config) if config else ""
    changes = plan_changes(wanted, present, path)
    if present and changes.is_anew and await _is_in_use(tools, builder.name):
        changes = plan_changes(wanted, present, path, in_use=True)
    commands = tuple(_command(tools, words) for words in changes.commands)
    if dry_run:
        return Applied(builder.name, changes, commands, done=False)
    if changes.diff:
        tell(changes.diff.rstrip("\n"))
    _refuse_loss(builder.name, changes, allow_loss=allow_loss)
    if commands and config:
        write_whole(config, daemon_config(builder, _paths(tools.root, builder)))
    await _run_all(tools, commands, tell)
    _check_done(tools, wanted)
    if bootstrap:
        await _bootstrap(tools, builder.name)
    return Applied(builder.name, changes, commands, done=bool(commands), started=bootstrap)


async def _bring_up_docker(tools: Tools, builder: Builder) -> Applied:
    """Docker's own builder is there as long as its context is."""
    answer = await tools.ask(*tools.buildx, "inspect", builder.name, patience=_LOOKING)
    if answer.refusal or read_driver(answer.text) != "docker":
        what = answer.refusal or f"its driver is {read_driver(answer.text)}"
        raise PreflightError(
            f"builder {builder.name} is not docker's own: {what}",
            hint=f"`docker context create {builder.name}`, or give the builder in components/project.py another driver",
        )
    return Applied(builder.name, Changes(""), (), done=False, started=True)


async def take_down(
    tools: Tools, builder: Builder, *, tell: Callable[[str], None], with_cache: bool = False, dry_run: bool = False
) -> Applied:
    """Remove the builder; what it has in its cache stays for the next one of its name, unless it is to go too.

    Raises:
        PreflightError: buildx can't do it.
        UsageError: it is docker's own.
    """
    if builder.driver == "docker":
        raise UsageError(
            f"builder {builder.name} is docker's own, which can't be removed", hint="there is nothing to do"
        )
    changes = plan_removal(_stored(tools, builder.name), with_cache=with_cache)
    commands = tuple(_command(tools, words) for words in changes.commands)
    if not dry_run:
        if changes.diff:
            tell(changes.diff.rstrip("\n"))
        await _run_all(tools, commands, tell)
        if config := _config_file(tools.root, builder):
            config.unlink(missing_ok=True)
    return Applied(builder.name, changes, commands, done=bool(commands) and not dry_run)


async def look_at(tools: Tools, builder: Builder | None, host: Platform) -> Seen:
    """The project's builder, or the one in use where the project describes none.

    Raises:
        ModelError: a file that it names is not there.
        PreflightError: there is no buildx.
    """
    name = builder.name if builder else tools.env.get(BUILDX_BUILDER, "")
    answer = await tools.ask(*tools.buildx, "inspect", *[name] * bool(name), patience=_LOOKING)
    if answer.refusal and (builder is None or not _ABSENT.search(answer.refusal)):
        raise PreflightError(f"the builder does not answer: {answer.refusal}", hint="see `docker buildx ls`")
    text = "" if answer.refusal else answer.text
    driver = read_driver(text) or (builder.driver if builder else "")
    diff = ""
    if builder and builder.driver != "docker":
        diff = plan_changes(_wanted(tools.root, builder), _stored(tools, builder.name)).diff
    elif builder and driver != "docker":
        diff = f"-driver {driver}\n+driver docker\n"
    found = builder.name if builder else read_name(text)
    return Seen(found, driver, bool(text), diff, builder is not None, read_states(text), host)


def applied_document(applied: Applied) -> dict[str, Any]:
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


def seen_document(seen: Seen) -> dict[str, Any]:
    """The builder as it is, as plain dicts and lists."""
    return {
        "schema": "bakec.builder/1",
        "name": seen.name,
        "driver": seen.driver,
        "exists": seen.exists,
        "described": seen.is_described,
        "matches": seen.matches if seen.is_described else None,
        "diff": seen.diff,
        "nodes": [_node_document(seen, node) for node in seen.nodes],
    }


def _node_document(seen: Seen, node: NodeState) -> dict[str, Any]:
    return {
        "name": node.name,
        "endpoint": node.endpoint,
        "state": node.state,
        "error": node.error,
        "buildkit": node.version,
        "platforms": [{"platform": name, "how": _how(seen, node, name)} for name in node.platforms],
    }


def _how(seen: Seen, node: NodeState, name: str) -> str:
    """Native or emulated, where the node is on this machine; else unknown: BuildKit does not tell."""
    architectures = {each.split("/")[1] for each in node.platforms if "/" in each}
    own = seen.host.architecture
    if len(architectures) == 1 and node.is_running:
        return "native"
    if not _is_local(seen.driver, node.endpoint) or not node.is_running:
        return "unknown"
    family = {own, *({"386"} if own == "amd64" else {"arm"} if own == "arm64" else ())}
    return "native" if name.split("/")[1] in family else "emulated"


def _is_local(driver: str, endpoint: str) -> bool:
    return endpoint.startswith("unix://") or (driver in {"docker", "docker-container"} and endpoint in {"", "default"})


def render_seen(seen: Seen) -> str:
    """What a person reads."""
    lines = [f"builder {seen.name}, driver {seen.driver}: {_verdict(seen)}"]
    document = seen_document(seen)
    for node in document["nodes"]:
        version = f", BuildKit {node['buildkit']}" if node["buildkit"] else ""
        error = f": {node['error']}" if node["error"] else ""
        lines.append(f"  {node['name']}  {node['endpoint'] or 'this machine'}  {node['state']}{version}{error}")
        for how in ("native", "emulated", "unknown"):
            names = [each["platform"] for each in node["platforms"] if each["how"] == how]
            said = {"unknown": "native or emulated, it does not tell"}.get(how, how)
            lines += [f"    {', '.join(names)} ({said})"] if names else []
    return "".join(f"{line}\n" for line in lines) + seen.diff


def _verdict(seen: Seen) -> str:
    if not seen.is_described:
        return "in use; the project describes none"
    if not seen.exists:
        return "is not there; `bakec builder up` makes it"
    return (
        "as the project describes it"
        if seen.matches
        else "not as the project describes it; `bakec builder up` changes it"
    )


def _wanted(root: Path, builder: Builder) -> Instance:
    return described(builder, root, {name: _read(root, builder, name) for name in _certificates(builder)})


def _certificates(builder: Builder) -> list[str]:
    return sorted({file for files in builder.certificates.values() for file in files})


def _paths(root: Path, builder: Builder) -> dict[str, str]:
    return {name: str(root / name) for name in _certificates(builder)}


def _read(root: Path, builder: Builder, name: str) -> bytes:
    try:
        return (root / name).read_bytes()
    except OSError as error:
        message = f"builder {builder.name}: certificate {name}: {error.strerror}"
        raise ModelError(
            message, hint="put the CA certificate there, or name another file in components/project.py"
        ) from error


def _config_file(root: Path, builder: Builder) -> Path | None:
    if not (builder.mirrors or builder.certificates or builder.http):
        return None
    return own_folder(root) / f"builder-{builder.name}.toml"


def _stored(tools: Tools, name: str) -> Instance | None:
    """What buildx's own record says of a builder; None where it has none.

    Raises:
        PreflightError: it is not as buildx writes it.
    """
    path = _store(tools.env) / "instances" / name
    try:
        return stored(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        hint = (
            f"see `docker buildx inspect {name}`; `docker buildx rm --keep-state {name}` removes it without its cache"
        )
        raise PreflightError(f"{path} is not as buildx writes it: {error}", hint=hint) from error


def _store(env: Mapping[str, str]) -> Path:
    """Source: buildx, util/confutil, ConfigDir."""
    if config := env.get("BUILDX_CONFIG"):
        return Path(config)
    return Path(env.get("DOCKER_CONFIG") or Path(env.get("HOME", "/")) / ".docker") / "buildx"


async def _is_in_use(tools: Tools, name: str) -> bool:
    """Whether `docker buildx use` chose it."""
    env = {key: value for key, value in tools.env.items() if key != BUILDX_BUILDER}
    answer = await replace(tools, env=env).ask(*tools.buildx, "inspect", patience=_LOOKING)
    return read_name(answer.text) == name


def _command(tools: Tools, words: tuple[str, ...]) -> Command:
    return Command((*tools.buildx, *words), tools.env, tools.root)


def _refuse_loss(name: str, changes: Changes, *, allow_loss: bool) -> None:
    if changes.lost and not allow_loss:
        raise PreflightError(
            "\n  ".join((f"builder {name}: nothing was changed, for this would be lost:", *changes.lost)),
            hint=f"`bakec builder up {_ALLOW_LOSS}`, or put the description back",
        )


async def _run_all(tools: Tools, commands: tuple[Command, ...], tell: Callable[[str], None]) -> None:
    for command in commands:
        tell(str(command))
        answer = await tools.ask(*command.argv, patience=_STARTING)
        if answer.refusal:
            raise PreflightError(_why(answer), hint=_FORGOTTEN if "rm" in command.argv else _GO_ON)


def _check_done(tools: Tools, wanted: Instance) -> None:
    """That buildx has what it was told; it says nothing of what it takes otherwise."""
    left = plan_changes(wanted, _stored(tools, wanted.name)).diff
    if left:
        raise PreflightError(f"buildx has something else than it was told:\n{left}", hint="see `docker buildx inspect`")


async def _bootstrap(tools: Tools, name: str) -> None:
    answer = await tools.ask(*tools.buildx, "inspect", "--bootstrap", name, patience=_STARTING)
    states = read_states(answer.text)
    errors = [f"{node.name}: {node.error or node.state}" for node in states if not node.is_running]
    if answer.refusal or errors:
        what = _without_level(answer.refusal) or "; ".join(errors)
        hint = "see that its endpoint can be reached from here; `bakec builder up --no-bootstrap` does not start it"
        raise PreflightError(f"builder {name} is made, and does not start: {what}", hint=hint)


def _why(answer: Answer) -> str:
    """Why buildx could not do it: of a removal its last line only says that it failed."""
    failed = [line for line in answer.text.splitlines() if line.startswith("failed to remove ")]
    return failed[-1] if failed else _without_level(answer.refusal)


def _without_level(line: str) -> str:
    return line.removeprefix("ERROR: ")


def render_applied(applied: Applied) -> str:
    """What came of it, in a line; where nothing was done, what would be."""
    if not applied.changes.diff:
        return f"builder {applied.name}: nothing to change\n"
    if applied.done:
        return f"builder {applied.name}: done\n"
    lines = [*map(str, applied.commands), *(f"lost: {each}" for each in applied.changes.lost)]
    return applied.changes.diff + "".join(f"{line}\n" for line in lines)


def to_json(document: Mapping[str, Any]) -> str:
    """As it is printed."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
