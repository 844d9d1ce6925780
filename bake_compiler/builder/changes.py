"""The changes from the builder that buildx has to the builder that the project describes. Pure.

Source: buildx, commands/create.go and store/nodegroup.go. `create --append` adds a node, or changes a node in buildx's
own record. It removes nothing, except with `--leave`. A daemon that already runs stays as it is.
"""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import unified_diff

from bake_compiler.builder.instance import Instance, InstanceNode
from bake_compiler.model.drivers import facts_of
from bake_compiler.plan.lines import csv_line


@dataclass(frozen=True)
class Changes:
    """The commands that change a builder, and their effects.

    Attributes:
        diff: from the present builder to the described builder; empty if they are the same.
        commands: the arguments of `docker buildx`, in order.
        lost: the caches that nobody can use afterwards, as a person reads them.
        restarts: whether all nodes restart, which ends the builds on these nodes.
    """

    diff: str
    commands: tuple[tuple[str, ...], ...] = ()
    lost: tuple[str, ...] = ()
    restarts: bool = False

    @property
    def is_anew(self) -> bool:
        """Whether the builder is removed and created again."""
        return any(words[0] == "rm" for words in self.commands)


def plan_changes(wanted: Instance, present: Instance | None, config: str = "", *, in_use: bool = False) -> Changes:
    """Return the changes that turn `present` into `wanted`.

    Args:
        wanted: the builder that the project describes.
        present: the builder that buildx has; None if buildx has no such builder.
        config: path of the daemons' configuration file; empty for no file.
        in_use: whether `docker buildx use` chose this builder.
    """
    if present is None:
        return Changes(_diff(None, wanted), tuple(_create_all(wanted, config)))
    wanted = _as_chosen(wanted, present)
    diff = _diff(present, wanted)
    if not diff:
        return Changes("")
    if _can_be_altered(wanted, present):
        return Changes(diff, tuple(_alter(wanted, present, config)))
    commands = (_remove(wanted.name, keep_state=True), *_create_all(wanted, config, use=in_use))
    return Changes(diff, commands, tuple(_lost(wanted, present)), restarts=facts_of(present.driver).starts_daemon)


def plan_removal(present: Instance | None, *, with_cache: bool) -> Changes:
    """Return the changes that remove a builder. With `with_cache`, its volumes are removed too."""
    if present is None:
        return Changes("")
    cache = facts_of(present.driver).cache
    own = cache == "pod" or (cache == "volume" and with_cache)
    lost = tuple(f"the cache of node {node.name}" for node in present.nodes) if own else ()
    return Changes(_diff(present, None), (_remove(present.name, keep_state=not with_cache),), lost)


def _diff(before: Instance | None, after: Instance | None) -> str:
    old, new = (list(each.lines()) if each else [] for each in (before, after))
    lines = unified_diff(old, new, "buildx", "components/project.py" if after else "nothing", lineterm="", n=99)
    return "".join(f"{line}\n" for line in lines if not line.startswith("@@"))


def _as_chosen(wanted: Instance, present: Instance) -> Instance:
    """Return `wanted` with the endpoints that buildx chose, where the project leaves the endpoint to buildx."""
    chosen = present.by_name if wanted.driver == present.driver else {}
    return replace(
        wanted,
        nodes=tuple(
            replace(node, endpoint=chosen[node.name].endpoint) if not node.endpoint and node.name in chosen else node
            for node in wanted.nodes
        ),
    )


def _can_be_altered(wanted: Instance, present: Instance) -> bool:
    """Whether `create --append` and `--leave` are enough, without removing the builder."""
    kept = wanted.by_name.keys() & present.by_name.keys()
    if wanted.driver != present.driver or not kept:
        return False
    starts_daemon = facts_of(present.driver).starts_daemon
    if starts_daemon and kept != present.by_name.keys():
        return False  # --leave would not remove the node's container or pods
    pairs = [(wanted.by_name[name], present.by_name[name]) for name in kept]
    if starts_daemon:
        return all(new.platforms and replace(new, platforms=old.platforms) == old for new, old in pairs if new != old)
    moved = {new.endpoint for new, old in pairs if new.endpoint != old.endpoint}
    taken = {old.endpoint for _, old in pairs}
    new_nodes = {node.endpoint for node in wanted.nodes if node.name not in kept}
    said = all((new.platforms or not old.platforms) and (new.options or not old.options) for new, old in pairs)
    return said and not (moved | new_nodes) & taken


def _alter(wanted: Instance, present: Instance, config: str) -> Iterator[tuple[str, ...]]:
    for name in sorted(present.by_name.keys() - wanted.by_name.keys()):
        yield ("create", "--name", wanted.name, "--node", name, "--leave")
    for node in wanted.nodes:
        if node != present.by_name.get(node.name):
            yield _create(wanted, node, config, append=True)


def _create_all(wanted: Instance, config: str, *, use: bool = False) -> Iterator[tuple[str, ...]]:
    for number, node in enumerate(wanted.nodes):
        yield _create(wanted, node, config, append=number > 0, use=use and not number)


def _create(wanted: Instance, node: InstanceNode, config: str, *, append: bool, use: bool = False) -> tuple[str, ...]:
    words = ["create", "--name", wanted.name, *["--append"] * append, "--driver", wanted.driver, "--node", node.name]
    words += ["--use"] * use
    words += ["--platform", ",".join(node.platforms)] if node.platforms else []
    for name, value in sorted(node.options.items()):
        words += ["--driver-opt", str(csv_line(((name, value),)))]
    words += ["--buildkitd-flags", shlex.join(node.flags)] if node.flags else []
    words += ["--buildkitd-config", config] if node.config else []
    return (*words, *_endpoint(wanted, node))


def _endpoint(wanted: Instance, node: InstanceNode) -> Sequence[str]:
    return (node.endpoint,) if node.endpoint and not facts_of(wanted.driver).endpoint_from else ()


def _remove(name: str, *, keep_state: bool) -> tuple[str, ...]:
    return ("rm", *["--keep-state"] * keep_state, name)


def _lost(wanted: Instance, present: Instance) -> Iterator[str]:
    """Yield the caches that the new builder can't use, as a person reads them."""
    for node in present.nodes:
        after = wanted.by_name.get(node.name)
        match facts_of(present.driver).cache:
            case "pod":
                yield f"the cache of node {node.name}, which ends with its pod"
            case "volume" if not after or wanted.driver != present.driver or after.endpoint != node.endpoint:
                place = f"at {node.endpoint}" if node.endpoint else "on this machine"
                yield (
                    f"the cache of node {node.name}: nothing uses its volume buildx_buildkit_{node.name}_state "
                    f"{place} any more"
                )
            case _:
                pass
